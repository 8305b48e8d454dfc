import type { Duplex } from 'node:stream'
import { HearthError, isHearthError, messageOf } from '@hearth/model'
import { FieldError } from '../fields/field-error.ts'
import { FrameDecoder, FrameError } from './frame-decoder.ts'
import {
  cancelFrame,
  creditFrame,
  dataFrame,
  endFrame,
  frameLimits,
  frameType,
  numberedHeaderBytes,
  sealNumbered,
} from './frames.ts'
import { guestProtocol, guestUnreachable, printable } from './guest-errors.ts'
import type { Method } from './messages.ts'

/** What one stream of a session makes of the frames that come on it. Each may throw FieldError or `guest_protocol`: the session ends. */
export abstract class StreamHandler {
  /** How the stream is called in messages: `EXEC`, `READ /etc/hosts`. */
  abstract readonly what: string
  /** The stream in the current session; undefined before the first and between sessions. */
  stream: WireStream | undefined
  /** REPLY: the stream is over. */
  abstract onReply(fields: Buffer): void
  /** ERROR: the stream is over. */
  abstract onRefused(number: number, text: string): void
  /** The session is over; the stream with it. */
  abstract onBroken(error: HearthError): void

  /** Events of a kind that is not known are to be skipped. */
  onEvent(_kind: number, _fields: Buffer): void {}

  onData(channel: number, _bytes: Buffer): void {
    throw guestProtocol(`DATA on channel ${channel} of ${this.what}`)
  }

  onEnd(channel: number): void {
    throw guestProtocol(`END on channel ${channel} of ${this.what}`)
  }

  onCredit(channel: number, _bytes: number): void {
    throw guestProtocol(`CREDIT on channel ${channel} of ${this.what}`)
  }
}

/** Something with bytes to send that waits until the wire takes more. */
export interface Sender {
  pump(): void
}

/** The frames of one session over a stream whose handshake is done. Ends with the first thing that the protocol does not allow. */
export class Wire {
  readonly #stream: Duplex
  readonly #decoder = new FrameDecoder((type, stream, payload) => this.#onFrame(type, stream, payload))
  readonly #handlers = new Map<number, StreamHandler>()
  readonly #senders = new Set<Sender>()
  readonly #onOver: (error: HearthError) => void
  #nextStream = 1
  #blocked = false
  #over: HearthError | undefined
  /** DATA that may still come on streams that ended before all their credit was used. */
  #strayBytes = 0

  constructor(stream: Duplex, onOver: (error: HearthError) => void) {
    this.#stream = stream
    this.#onOver = onOver
    stream.on('data', (chunk: Buffer) => this.receive(chunk))
    stream.on('drain', () => this.#onDrain())
    stream.on('error', (error) => this.end(guestUnreachable('the stream to the guest agent broke', error)))
    stream.on('end', () => this.end(guestUnreachable('the stream to the guest agent ended')))
    stream.on('close', () => this.end(guestUnreachable('the stream to the guest agent was closed')))
  }

  /** Why the session is over; undefined while it is not. */
  get over(): HearthError | undefined {
    return this.#over
  }

  /** Whether senders have to wait (see `waitFor`). */
  get blocked(): boolean {
    return this.#blocked
  }

  /** Sends a request and hands what comes back to `handler`. @throws `invalid_input`, or why the session is over */
  request<Q extends object>(method: Method<Q, object>, value: Q, handler: StreamHandler): void {
    if (this.#over !== undefined) throw this.#over
    if (this.#handlers.size >= frameLimits.openStreams) {
      throw new HearthError('guest_error', `${handler.what}: ${frameLimits.openStreams} streams are open`, {
        details: { reason: 'limit' },
      })
    }
    const frame = encodeRequest(method, value)
    const id = this.#nextStream++
    this.#handlers.set(id, handler)
    // Before the write: a guest in this process may answer within it.
    handler.stream = new WireStream(this, id)
    this.write(sealNumbered(frame, frameType.request, id, method.number))
  }

  write(frame: Buffer): void {
    if (this.#over === undefined) this.#blocked = !this.#stream.write(frame)
  }

  /** Calls `sender.pump()` once the stream takes bytes again. */
  waitFor(sender: Sender): void {
    this.#senders.add(sender)
  }

  /** Returns whether the stream was open. */
  forget(id: number): boolean {
    const open = this.#handlers.delete(id)
    if (open) this.#strayBytes += 2 * frameLimits.initialCredit
    return open
  }

  /** Takes bytes from the guest. */
  receive(chunk: Buffer): void {
    if (this.#over !== undefined) return
    try {
      this.#decoder.push(chunk)
    } catch (error) {
      this.end(asGuestProtocol(error))
    }
  }

  /** Cancels every stream and ends the session after what was written went out, or after a second when it does not. */
  close(error: HearthError): void {
    if (this.#over !== undefined) return
    const stream = this.#stream
    for (const id of this.#handlers.keys()) this.write(cancelFrame(id))
    const insist = setTimeout(() => stream.destroy(), 1000).unref()
    stream.once('close', () => clearTimeout(insist))
    stream.end(() => stream.destroy())
    this.#finish(error)
  }

  /** Ends the session: everybody who waits is told `error`. */
  end(error: HearthError): void {
    if (this.#over !== undefined) return
    this.#stream.destroy()
    this.#finish(error)
  }

  #finish(error: HearthError): void {
    this.#over = error
    this.#senders.clear()
    const handlers = [...this.#handlers.values()]
    this.#handlers.clear()
    this.#onOver(error)
    for (const handler of handlers) handler.onBroken(error)
  }

  #onDrain(): void {
    this.#blocked = false
    const waiting = [...this.#senders]
    this.#senders.clear()
    for (const sender of waiting) {
      if (this.#blocked) this.#senders.add(sender)
      else sender.pump()
    }
  }

  #onFrame(type: number, id: number, payload: Buffer): void {
    if (this.#over !== undefined) return
    const handler = this.#handlers.get(id)
    if (handler === undefined) this.#onStray(type, id, payload)
    else this.#dispatch(type, id, payload, handler)
  }

  #onStray(type: number, id: number, payload: Buffer): void {
    if (id === 0 && type === frameType.error)
      throw guestProtocol('the guest ended the session', printable(payload.toString('utf8', 2)))
    if (id === 0 || id >= this.#nextStream) throw guestProtocol(`a frame on stream ${id}, which was never opened`)
    if (type !== frameType.data) return
    this.#strayBytes -= payload.length
    if (this.#strayBytes < 0) throw guestProtocol('endless data on a stream that is over')
  }

  #dispatch(type: number, id: number, payload: Buffer, handler: StreamHandler): void {
    switch (type) {
      case frameType.data:
        handler.onData(channelOf(payload, 2, frameLimits.maxDataBytes + 1), payload.subarray(1))
        return
      case frameType.end:
        handler.onEnd(channelOf(payload, 1, 1))
        return
      case frameType.credit:
        handler.onCredit(channelOf(payload, 5, 5), payload.readUInt32BE(1))
        return
      case frameType.event:
        if (payload.length < 2) throw guestProtocol('an EVENT without a kind')
        handler.onEvent(payload.readUInt16BE(), payload.subarray(2))
        return
      case frameType.reply:
        this.forget(id)
        readLast(handler, () => handler.onReply(payload))
        return
      case frameType.error:
        if (payload.length < 2 || payload.length > 2 + frameLimits.errorTextBytes) {
          throw guestProtocol(`an ERROR of ${payload.length} bytes`)
        }
        this.forget(id)
        handler.onRefused(payload.readUInt16BE(), payload.toString('utf8', 2))
        return
      default:
        throw guestProtocol(`a frame of type ${type}`)
    }
  }
}

/** One stream of a session, from the side that opened it. */
export class WireStream {
  readonly #wire: Wire
  readonly #id: number

  constructor(wire: Wire, id: number) {
    this.#wire = wire
    this.#id = id
  }

  get blocked(): boolean {
    return this.#wire.blocked
  }

  waitFor(sender: Sender): void {
    this.#wire.waitFor(sender)
  }

  /** A DATA frame of this stream with a copy of `bytes`, to be sent with `send`. */
  dataFrame(channel: number, bytes: Uint8Array): Buffer {
    return dataFrame(this.#id, channel, bytes)
  }

  send(frame: Buffer): void {
    this.#wire.write(frame)
  }

  end(channel: number): void {
    this.#wire.write(endFrame(this.#id, channel))
  }

  credit(channel: number, bytes: number): void {
    this.#wire.write(creditFrame(this.#id, channel, bytes))
  }

  /** The host has no more interest: nothing of this stream is heard any more. */
  cancel(): void {
    if (this.#wire.forget(this.#id)) this.#wire.write(cancelFrame(this.#id))
  }
}

/** A reply that cannot be read ends the session, and must not leave the one who asked without an answer. */
function readLast(handler: StreamHandler, read: () => void): void {
  try {
    read()
  } catch (error) {
    const broken = asGuestProtocol(error)
    handler.onBroken(broken)
    throw broken
  }
}

function channelOf(payload: Buffer, min: number, max: number): number {
  if (payload.length < min || payload.length > max) throw guestProtocol(`a frame with ${payload.length} bytes of payload`)
  return payload[0] as number
}

function encodeRequest<Q extends object>(method: Method<Q, object>, value: Q): Buffer {
  try {
    const frame = method.request.encode(value, numberedHeaderBytes)
    if (frame.length - 4 <= frameLimits.maxLength) return frame
    throw new FieldError(`needs ${frame.length} bytes, one message holds ${frameLimits.maxLength}`)
  } catch (error) {
    if (error instanceof FieldError) throw new HearthError('invalid_input', `${method.name}: ${error.message}`, { cause: error })
    throw error
  }
}

function asGuestProtocol(error: unknown): HearthError {
  if (isHearthError(error)) return error
  if (error instanceof FieldError || error instanceof FrameError) return guestProtocol(error.message, error.cause)
  return new HearthError('internal', `while reading the guest's answer: ${messageOf(error)}`, { cause: error })
}
