import type { Readable } from 'node:stream'
import { type FileStat, HearthError } from '@hearth/model'
import { fileStat } from './file-stat.ts'
import { channel } from './frames.ts'
import { guestProtocol, guestRefused } from './guest-errors.ts'
import { Inflow } from './inflow.ts'
import { events, methods } from './messages.ts'
import type { Resumable, StreamHome } from './resumable.ts'
import { StreamHandler, type Wire } from './wire.ts'

/** A file on its way from the guest. In the next session it goes on behind the last byte that came, if the file is still the same. */
export class ReadStream extends StreamHandler implements Resumable {
  readonly what: string
  readonly #home: StreamHome
  readonly #path: string
  readonly #content = new Inflow(channel.output)
  readonly #opened = Promise.withResolvers<FileStat>()
  #stat: FileStat | undefined
  #statSeen = false
  #endSeen = false
  #over = false

  private constructor(home: StreamHome, path: string) {
    super()
    this.#home = home
    this.#path = path
    this.what = `READ ${path}`
    this.#content.once('close', () => this.close())
  }

  /** Resolves once the guest has opened the file. */
  static async open(
    home: StreamHome,
    wire: Wire,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ stat: FileStat; content: Readable }> {
    const read = new ReadStream(home, path)
    const stop = home.deadlines.start(read.what, signal, (error) => {
      read.stream?.cancel()
      read.fail(error)
    })
    try {
      home.add(read)
      read.resume(wire)
      return { stat: await read.#opened.promise, content: read.#content }
    } catch (error) {
      home.remove(read)
      throw error
    } finally {
      stop()
    }
  }

  resume(wire: Wire): void {
    this.#statSeen = false
    this.#endSeen = false
    wire.request(methods.read, { path: this.#path, offset: this.#content.position }, this)
  }

  close(): void {
    this.stream?.cancel()
    this.fail(new HearthError('cancelled', `${this.what} was closed by this side`))
  }

  fail(error: HearthError): void {
    if (this.#over) return
    this.#leave()
    this.#opened.reject(error)
    this.#content.destroy(error)
  }

  override onEvent(kind: number, fields: Buffer): void {
    if (kind !== events.entry.kind) return
    if (this.#statSeen) throw guestProtocol(`${this.what} was opened twice`)
    this.#statSeen = true
    if (this.stream !== undefined) this.#content.start(this.stream)
    const stat = fileStat(events.entry.fields.decode(fields))
    if (this.#stat !== undefined && (stat.mtimeMs !== this.#stat.mtimeMs || stat.sizeBytes !== this.#stat.sizeBytes)) {
      this.stream?.cancel()
      this.fail(new HearthError('guest_error', `${this.what}: the file changed while the machine was suspended`))
      return
    }
    this.#stat ??= stat
    this.#opened.resolve(this.#stat)
  }

  override onData(onChannel: number, bytes: Buffer): void {
    if (onChannel !== channel.output || !this.#statSeen || this.#endSeen) throw guestProtocol(`DATA of ${this.what} out of turn`)
    this.#content.accept(bytes)
  }

  override onEnd(onChannel: number): void {
    if (onChannel !== channel.output || !this.#statSeen) throw guestProtocol(`END of ${this.what} out of turn`)
    this.#endSeen = true
  }

  override onReply(): void {
    if (!this.#endSeen) throw guestProtocol(`${this.what} is over without END`)
    this.#leave()
    this.#content.finish()
  }

  override onRefused(number: number, text: string): void {
    this.fail(guestRefused(this.what, number, text))
  }

  override onBroken(): void {
    this.stream = undefined
    this.#content.stop()
  }

  #leave(): void {
    this.#over = true
    this.#home.remove(this)
    this.stream = undefined
    this.#content.stop()
  }
}
