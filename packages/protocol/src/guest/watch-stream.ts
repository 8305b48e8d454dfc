import { HearthError, type WatchEvent } from '@hearth/model'
import { guestProtocol, guestRefused, guestUnreachable } from './guest-errors.ts'
import { events, methods } from './messages.ts'
import type { Resumable, StreamHome } from './resumable.ts'
import { surviveRejection } from './survive-errors.ts'
import { StreamHandler, type Wire } from './wire.ts'

const kinds = ['create', 'write', 'remove', 'rename', 'chmod', 'overflow'] as const

/** Beyond this many unread events the reader is told `overflow` instead: it has to look for itself. */
const maxUnreadEvents = 4096

/** The number of a watch event on the wire. */
export function watchKindNumber(kind: WatchEvent['kind']): number {
  return kinds.indexOf(kind)
}

/** What changes below a directory. A gap (slow reader, next session) is told as `overflow`. Ends with the loop that reads it. */
export class WatchStream extends StreamHandler implements Resumable, AsyncIterableIterator<WatchEvent> {
  readonly what: string
  /** Resolves once changes are noticed. */
  readonly ready: Promise<void>
  readonly #home: StreamHome
  readonly #request: { readonly path: string; readonly recursive: boolean }
  readonly #ready = Promise.withResolvers<void>()
  readonly #unread: WatchEvent[] = []
  #stopWaiting: () => void = () => undefined
  #reader: PromiseWithResolvers<IteratorResult<WatchEvent>> | undefined
  #everReady = false
  #over: { readonly error: HearthError | undefined } | undefined

  constructor(home: StreamHome, path: string, recursive: boolean, signal?: AbortSignal) {
    super()
    this.#home = home
    this.#request = { path, recursive }
    this.what = `WATCH ${path}`
    this.ready = this.#ready.promise
    surviveRejection(this.ready)
    const until = signal === undefined ? undefined : home.deadlines.start(this.what, signal, (error) => this.#stop(error))
    this.#stopWaiting = until ?? (() => undefined)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<WatchEvent>> {
    const event = this.#unread.shift()
    if (event !== undefined) return { value: event, done: false }
    if (this.#over !== undefined) {
      const { error } = this.#over
      this.#over = { error: undefined }
      if (error !== undefined) throw error
      return { value: undefined, done: true }
    }
    if (this.#reader !== undefined) throw new HearthError('invalid_input', `${this.what}: one reader at a time`)
    this.#reader = Promise.withResolvers()
    return this.#reader.promise
  }

  async return(): Promise<IteratorResult<WatchEvent>> {
    this.close()
    this.#over = { error: undefined }
    return { value: undefined, done: true }
  }

  /** Begins, or begins again in a new session. */
  resume(wire: Wire): void {
    if (this.#over !== undefined) return
    wire.request(methods.watch, this.#request, this)
  }

  close(): void {
    this.#stop(new HearthError('cancelled', `${this.what} was closed by this side`))
  }

  fail(error: HearthError): void {
    if (this.#over !== undefined) return
    this.#stopWaiting()
    this.#home.remove(this)
    this.stream = undefined
    this.#over = { error }
    this.#ready.reject(error)
    this.#reader?.reject(error)
    if (this.#reader !== undefined) this.#over = { error: undefined }
    this.#reader = undefined
  }

  override onEvent(kind: number, fields: Buffer): void {
    if (kind === events.watching.kind) this.#onReady()
    else if (kind === events.changed.kind) this.#onChanged(events.changed.fields.decode(fields))
  }

  override onReply(): void {
    this.fail(guestUnreachable(`${this.what}: the guest ended it`))
  }

  override onRefused(number: number, text: string): void {
    this.fail(guestRefused(this.what, number, text))
  }

  override onBroken(): void {
    this.stream = undefined
  }

  #onReady(): void {
    if (this.#everReady) this.#tell({ kind: 'overflow', path: '' })
    this.#everReady = true
    this.#ready.resolve()
  }

  #onChanged(changed: { readonly kind: number; readonly path: string }): void {
    const kind = kinds[changed.kind]
    if (kind !== undefined) this.#tell({ kind, path: insidePath(changed.path) })
  }

  #tell(event: WatchEvent): void {
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) reader.resolve({ value: event, done: false })
    else if (this.#unread.length < maxUnreadEvents) this.#unread.push(event)
    else this.#unread.splice(0, this.#unread.length, { kind: 'overflow', path: '' })
  }

  #stop(error: HearthError): void {
    if (this.#over !== undefined) return
    this.stream?.cancel()
    this.fail(error)
  }
}

/** A path below the watched directory, or nothing. @throws `guest_protocol` */
function insidePath(path: string): string {
  if (path === '') return path
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    throw guestProtocol(`${JSON.stringify(path)} is said to change, which is not below the watched directory`)
  }
  return path
}
