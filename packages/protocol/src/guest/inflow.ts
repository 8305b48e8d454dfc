import { Readable } from 'node:stream'
import { ByteQueue } from './byte-queue.ts'
import { frameLimits } from './frames.ts'
import { guestProtocol } from './guest-errors.ts'
import { surviveErrors } from './survive-errors.ts'
import type { WireStream } from './wire.ts'

/** Credit goes back in pieces of at least this size. */
const creditStepBytes = 65_536
/** What the stream itself holds, as pieces of any size; the rest waits in the queue, copied together. */
const bufferedBytes = 16_384

/**
 * What the guest sends on one channel, as a stream to read. Credit goes back as bytes are read, so a reader that stops holds up
 * its own channel only. In the next session it goes on where it was.
 */
export class Inflow extends Readable {
  readonly #channel: number
  readonly #queue = new ByteQueue()
  #source: WireStream | undefined
  #wanted = false
  #finished = false
  #endGiven = false
  #position = 0
  #onBelow: { readonly bytes: number; readonly callback: () => void } | undefined
  /** Of this session: what came, and what was given back. */
  #received = 0
  #credited = 0

  constructor(onChannel: number, position = 0) {
    super({ highWaterMark: bufferedBytes })
    this.#channel = onChannel
    this.#position = position
    surviveErrors(this)
  }

  /** Where the next byte from the guest belongs. */
  get position(): number {
    return this.#position
  }

  /** Bytes that are here and unread. */
  get unreadBytes(): number {
    return this.#queue.length + this.readableLength
  }

  /** Takes bytes from `source` from now on, with full credit. */
  start(source: WireStream): void {
    this.#source = source
    this.#received = 0
    this.#credited = 0
  }

  /** The session is over; another may follow. */
  stop(): void {
    this.#source = undefined
  }

  /** Bytes up to `position` are lost. */
  skipTo(position: number): void {
    this.#position = position
  }

  /** Calls back once, when fewer than `bytes` are unread. */
  onceUnreadBelow(bytes: number, callback: () => void): void {
    this.#onBelow = { bytes, callback }
    this.#checkBelow()
  }

  /** @throws `guest_protocol` for more than the credit allows */
  accept(bytes: Buffer): void {
    this.#received += bytes.length
    this.#position += bytes.length
    if (this.#received - this.#credited > frameLimits.initialCredit) throw guestProtocol('DATA beyond the credit')
    if (this.#finished) throw guestProtocol('DATA after END')
    if (!this.destroyed) this.#queue.push(bytes)
    this.#give()
  }

  /** No more bytes will come. */
  finish(): void {
    this.#finished = true
    this.#give()
  }

  override _read(): void {
    this.#wanted = true
    this.#give()
    this.#returnCredit()
    this.#checkBelow()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#queue.clear()
    this.#checkBelow()
    // What nobody reads any more must not hold up the process that writes it.
    this.#returnCredit()
    callback(error)
  }

  #checkBelow(): void {
    const below = this.#onBelow
    if (below === undefined || (!this.destroyed && this.unreadBytes >= below.bytes)) return
    this.#onBelow = undefined
    below.callback()
  }

  #give(): void {
    while (this.#wanted && !this.destroyed) {
      const next = this.#queue.shift()
      if (next === undefined) break
      this.#wanted = this.push(next)
    }
    if (this.#finished && !this.#endGiven && this.#queue.length === 0) {
      this.#endGiven = true
      this.push(null)
    }
    this.#returnCredit()
  }

  #returnCredit(): void {
    if (this.#source === undefined) return
    const unread = this.destroyed ? 0 : Math.min(this.unreadBytes, this.#received)
    const owed = this.#received - unread - this.#credited
    if (owed < creditStepBytes) return
    this.#credited += owed
    this.#source.credit(this.#channel, owed)
  }
}
