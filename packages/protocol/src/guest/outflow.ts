import { Writable } from 'node:stream'
import { channel, dataOf, frameLimits } from './frames.ts'
import { guestProtocol } from './guest-errors.ts'
import { SentBytes } from './sent-bytes.ts'
import { surviveErrors } from './survive-errors.ts'
import type { Sender, WireStream } from './wire.ts'

type Done = (error?: Error | null) => void

/**
 * What is written goes to the guest on channel 0, as credit allows. Bytes that were sent are kept until credit for them came back:
 * in the next session those that the guest did not receive are sent again.
 */
export class Outflow extends Writable implements Sender {
  readonly #sent = new SentBytes()
  #target: WireStream | undefined
  #credit = 0
  #pending: Buffer | undefined
  #pendingDone: Done | undefined
  #endDone: Done | undefined
  #ended = false
  #endSent = false

  constructor() {
    super({ highWaterMark: frameLimits.maxDataBytes, decodeStrings: true })
    surviveErrors(this)
  }

  /** The first byte that can still be sent again. */
  get takenTo(): number {
    return this.#sent.takenTo
  }

  /** Whether END was said in this session, so that the guest may say that it has everything. */
  get endSent(): boolean {
    return this.#endSent
  }

  /** Nothing was sent yet; the first byte will be number `offset` of the stream. */
  beginAt(offset: number): void {
    this.#sent.beginAt(offset)
  }

  /** Sends on `target` from now on; the guest has everything before `received`. @throws `guest_protocol` when that cannot be */
  start(target: WireStream, received: number): void {
    if (received < this.#sent.takenTo || received > this.#sent.sentTo) {
      throw guestProtocol(`${received} bytes are said to be received, of ${this.#sent.takenTo} to ${this.#sent.sentTo}`)
    }
    this.#sent.taken(received - this.#sent.takenTo)
    this.#sent.rewind()
    this.#target = target
    this.#credit = frameLimits.initialCredit
    this.#endSent = false
    this.pump()
  }

  /** The session is over; another may follow. */
  stop(): void {
    this.#target = undefined
  }

  /** The other side takes no more: what is still unsent is nobody's concern, and no error. */
  release(): void {
    this.#target = undefined
    this.#sent.clear()
    this.#pending = undefined
    this.#finishPending()
    this.#finishEnd()
    this.destroy()
  }

  /** @throws `guest_protocol` for credit that was never used */
  addCredit(bytes: number): void {
    if (this.#target === undefined) return
    this.#credit += bytes
    if (this.#credit > frameLimits.initialCredit) throw guestProtocol('CREDIT for more than was sent')
    this.#sent.taken(bytes)
    this.pump()
  }

  pump(): void {
    const target = this.#target
    if (target === undefined) return
    while (this.#canSend(target)) {
      if (this.#sent.behind) this.#sendAgain(target)
      else if (this.#pending !== undefined) this.#sendPending(target, this.#pending)
      else break
    }
    const idle = this.#pending === undefined && !this.#sent.behind
    if (!idle && target.blocked) target.waitFor(this)
    if (idle && this.#ended && !this.#endSent) this.#sendEnd(target)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#pending = chunk
    this.#pendingDone = done
    this.pump()
  }

  override _final(done: Done): void {
    this.#ended = true
    this.#endDone = done
    this.pump()
  }

  override _destroy(error: Error | null, callback: Done): void {
    // An ended stream is destroyed by Node itself, and may still have to send its last bytes again.
    if (!this.#endSent) {
      this.#sent.clear()
      this.#pending = undefined
    }
    callback(error)
  }

  #canSend(target: WireStream): boolean {
    return this.#target === target && this.#credit > 0 && !target.blocked
  }

  /** All that is kept fits the credit of a new session, so no chunk needs to be cut. */
  #sendAgain(target: WireStream): void {
    const chunk = this.#sent.again()
    if (chunk === undefined) return
    this.#credit -= chunk.length
    target.send(target.dataFrame(channel.toGuest, chunk))
  }

  #sendPending(target: WireStream, pending: Buffer): void {
    const part = pending.subarray(0, Math.min(pending.length, this.#credit, frameLimits.maxDataBytes))
    this.#pending = part.length === pending.length ? undefined : pending.subarray(part.length)
    if (part.length > 0) {
      const frame = target.dataFrame(channel.toGuest, part)
      this.#credit -= part.length
      this.#sent.add(dataOf(frame))
      // Last: a guest in this process may return credit within the call.
      target.send(frame)
    }
    if (this.#pending === undefined) this.#finishPending()
  }

  #sendEnd(target: WireStream): void {
    this.#endSent = true
    target.end(channel.toGuest)
    this.#finishEnd()
  }

  #finishPending(): void {
    const done = this.#pendingDone
    this.#pendingDone = undefined
    done?.()
  }

  #finishEnd(): void {
    const done = this.#endDone
    this.#endDone = undefined
    done?.()
  }
}
