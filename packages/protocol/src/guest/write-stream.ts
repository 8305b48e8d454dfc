import type { Writable } from 'node:stream'
import { HearthError } from '@hearth/model'
import { channel } from './frames.ts'
import { guestProtocol, guestRefused, guestUnreachable, refusalOf } from './guest-errors.ts'
import { events, methods } from './messages.ts'
import { Outflow } from './outflow.ts'
import type { Resumable, StreamHome } from './resumable.ts'
import { surviveRejection } from './survive-errors.ts'
import { StreamHandler, type Wire } from './wire.ts'

const frozenRetryMs = 100

interface WriteRequest {
  readonly path: string
  readonly mode: number
  readonly owner?: string | undefined
}

/** A file on its way into the guest. In the next session it goes on behind the last byte that the guest has. */
export class WriteStream extends StreamHandler implements Resumable {
  readonly what: string
  readonly #home: StreamHome
  readonly #request: WriteRequest
  readonly #content = new Outflow()
  readonly #opened = Promise.withResolvers<void>()
  readonly #done = Promise.withResolvers<void>()
  #wire: Wire | undefined
  #writeId: number | undefined
  #flowing = false
  #over = false

  private constructor(home: StreamHome, request: WriteRequest) {
    super()
    this.#home = home
    this.#request = request
    this.what = `WRITE ${request.path}`
    surviveRejection(this.#done.promise)
    // Destroyed before its end: the write is given up.
    this.#content.once('close', () => {
      if (!this.#content.writableFinished) this.close()
    })
  }

  /** Resolves once the guest takes bytes; `done` once the file is in its place. */
  static async open(
    home: StreamHome,
    wire: Wire,
    request: WriteRequest,
    signal?: AbortSignal,
  ): Promise<{ content: Writable; done: Promise<void> }> {
    const write = new WriteStream(home, request)
    const stop = home.deadlines.start(write.what, signal, (error) => {
      write.stream?.cancel()
      write.fail(error)
    })
    try {
      home.add(write)
      write.resume(wire)
      await write.#opened.promise
      return { content: write.#content, done: write.#done.promise }
    } catch (error) {
      home.remove(write)
      throw error
    } finally {
      stop()
    }
  }

  resume(wire: Wire): void {
    this.#wire = wire
    const from = this.#writeId === undefined ? {} : { resume: this.#writeId, offset: this.#content.takenTo }
    this.#flowing = false
    wire.request(methods.write, { ...this.#request, ...from }, this)
  }

  close(): void {
    this.stream?.cancel()
    this.fail(new HearthError('cancelled', `${this.what} was closed by this side`))
  }

  fail(error: HearthError): void {
    if (this.#over) return
    this.#leave()
    this.#opened.reject(error)
    this.#done.reject(error)
    this.#content.destroy(error)
  }

  override onEvent(kind: number, fields: Buffer): void {
    if (kind !== events.writing.kind) return
    const { writeId, received } = events.writing.fields.decode(fields)
    if (this.#flowing || this.stream === undefined) throw guestProtocol(`${this.what} was opened twice`)
    this.#flowing = true
    this.#writeId = writeId
    this.#content.start(this.stream, received)
    this.#opened.resolve()
  }

  override onCredit(onChannel: number, bytes: number): void {
    if (onChannel !== channel.toGuest) throw guestProtocol(`CREDIT on channel ${onChannel} of ${this.what}`)
    this.#content.addCredit(bytes)
  }

  override onReply(): void {
    if (!this.#flowing || !this.#content.endSent) throw guestProtocol(`${this.what} is over before its end was sent`)
    this.#leave()
    this.#done.resolve()
  }

  override onRefused(number: number, text: string): void {
    const error = guestRefused(this.what, number, text)
    if (refusalOf(error) === 'frozen' && this.#writeId !== undefined && this.#wire !== undefined) {
      this.onBroken()
      this.#resumeSoon(this.#wire)
      return
    }
    const lost = this.#writeId !== undefined && refusalOf(error) === 'not_found' && !this.#flowing
    this.fail(
      lost ? guestUnreachable(`${this.what}: the guest no longer knows this write; whether it was finished is unknown`) : error,
    )
  }

  override onBroken(): void {
    this.stream = undefined
    this.#content.stop()
  }

  /** Frozen without our doing: the answer to QUIESCE was lost. The guest thaws by itself, or is thawed in this session. */
  #resumeSoon(wire: Wire): void {
    setTimeout(() => {
      if (!this.#over && this.stream === undefined && wire.over === undefined) this.resume(wire)
    }, frozenRetryMs).unref()
  }

  #leave(): void {
    this.#over = true
    this.#home.remove(this)
    this.stream = undefined
    this.#content.stop()
  }
}
