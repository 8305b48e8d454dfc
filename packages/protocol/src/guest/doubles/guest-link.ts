import type { Duplex } from 'node:stream'
import type { FieldList } from '../../fields/field-list.ts'
import { FrameDecoder } from '../frame-decoder.ts'
import {
  creditFrame,
  dataFrame,
  endFrame,
  frameLimits,
  frameType,
  numberedHeaderBytes,
  sealFrame,
  sealNumbered,
} from '../frames.ts'
import { type GuestRefusal, refusalNumber } from '../guest-errors.ts'
import { handshakeAnswer } from '../handshake.ts'

/** A request as it came; `fields` are still bytes. */
export interface GuestRequest {
  readonly method: number
  readonly fields: Buffer
  readonly stream: GuestStream
}

/** Thrown while a request is served: it is answered with ERROR. */
export class Refusal extends Error {
  readonly reason: Exclude<GuestRefusal, 'other'>

  constructor(reason: Exclude<GuestRefusal, 'other'>, message: string) {
    super(message)
    this.name = 'Refusal'
    this.reason = reason
  }
}

/** The guest's end of one byte stream: waits for the handshake, then takes frames apart. Made for tests; it trusts the host. */
export class GuestLink {
  readonly #stream: Duplex
  readonly #serve: (request: GuestRequest) => void
  readonly #onOver: () => void
  readonly #decoder = new FrameDecoder((type, id, payload) => this.#onFrame(type, id, payload))
  readonly #streams = new Map<number, GuestStream>()
  #before: Buffer | undefined = Buffer.alloc(0)
  #over = false

  constructor(stream: Duplex, serve: (request: GuestRequest) => void, onOver: () => void) {
    this.#stream = stream
    this.#serve = serve
    this.#onOver = onOver
    stream.on('data', (chunk: Buffer) => this.#receive(chunk))
    // The host's end breaking is told by `close`.
    stream.on('error', () => undefined)
    stream.on('end', () => this.close())
    stream.on('close', () => this.close())
  }

  /** Ends the session; streams that are open hear of it. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.#stream.end()
    const streams = [...this.#streams.values()]
    this.#streams.clear()
    for (const stream of streams) stream.onBroken()
    this.#onOver()
  }

  write(bytes: Buffer): void {
    if (!this.#over) this.#stream.write(bytes)
  }

  forget(id: number): void {
    this.#streams.delete(id)
  }

  #receive(chunk: Buffer): void {
    if (this.#over) return
    if (this.#before === undefined) {
      this.#decoder.push(chunk)
      return
    }
    this.#before = Buffer.concat([this.#before, chunk])
    const found = /\nHEARTH\/1 ([0-9a-f]{32})\n/.exec(this.#before.toString('latin1'))
    if (found === null) return
    const rest = this.#before.subarray(found.index + found[0].length)
    this.#before = undefined
    this.write(handshakeAnswer(found[1] ?? ''))
    this.#decoder.push(rest)
  }

  #onFrame(type: number, id: number, payload: Buffer): void {
    if (type === frameType.request) {
      const stream = new GuestStream(this, id)
      this.#streams.set(id, stream)
      this.#serve({ method: payload.readUInt16BE(), fields: Buffer.from(payload.subarray(2)), stream })
      return
    }
    const stream = this.#streams.get(id)
    if (type === frameType.data) stream?.onData(Buffer.from(payload.subarray(1)))
    else if (type === frameType.end) stream?.onEnd()
    else if (type === frameType.credit) stream?.onCredit(payload[0] as number, payload.readUInt32BE(1))
    else if (type === frameType.cancel) {
      this.#streams.delete(id)
      stream?.onCancel()
    }
  }
}

/** One stream, from the guest's end. What is not set is ignored. */
export class GuestStream {
  readonly id: number
  readonly link: GuestLink
  onData: (bytes: Buffer) => void = () => undefined
  onEnd: () => void = () => undefined
  onCredit: (channel: number, bytes: number) => void = () => undefined
  onCancel: () => void = () => undefined
  onBroken: () => void = () => undefined

  constructor(link: GuestLink, id: number) {
    this.link = link
    this.id = id
  }

  reply<T extends object>(list: FieldList<T>, value: T): void {
    this.link.forget(this.id)
    this.link.write(sealFrame(list.encode(value, frameLimits.headerBytes), frameType.reply, this.id))
  }

  refuse(reason: Exclude<GuestRefusal, 'other'>, text: string): void {
    this.link.forget(this.id)
    const words = Buffer.from(text, 'utf8')
    const frame = Buffer.concat([Buffer.alloc(numberedHeaderBytes), words])
    this.link.write(sealNumbered(frame, frameType.error, this.id, refusalNumber(reason)))
  }

  event<T extends object>(event: { readonly kind: number; readonly fields: FieldList<T> }, value: T): void {
    this.link.write(sealNumbered(event.fields.encode(value, numberedHeaderBytes), frameType.event, this.id, event.kind))
  }

  data(onChannel: number, bytes: Uint8Array): void {
    this.link.write(dataFrame(this.id, onChannel, bytes))
  }

  end(onChannel: number): void {
    this.link.write(endFrame(this.id, onChannel))
  }

  credit(onChannel: number, bytes: number): void {
    this.link.write(creditFrame(this.id, onChannel, bytes))
  }
}
