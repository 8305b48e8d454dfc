import type {
  AssignRequest,
  Deadline,
  ExecHandle,
  ExecInfo,
  ExecRequest,
  FileStat,
  GuestHello,
  GuestMetrics,
  GuestSession,
  HearthError,
  IdentifyRequest,
  ReceiptItem,
  ThawRequest,
  WatchEvent,
} from '@hearth/model'
import { call } from './call.ts'
import { dialGuest } from './dial-stream.ts'
import { execInfos } from './exec-info.ts'
import { ExecStream } from './exec-stream.ts'
import { fileStat } from './file-stat.ts'
import { abortedBy } from './guest-errors.ts'
import { assignFields, identifyFields, receiptItemsOf, thawFields } from './identity-fields.ts'
import { listDirectory } from './list-stream.ts'
import { type Method, methods } from './messages.ts'
import { ReadStream } from './read-stream.ts'
import type { StreamHome } from './resumable.ts'
import { SessionSuspended } from './session-suspended.ts'
import { WatchStream } from './watch-stream.ts'
import type { Wire } from './wire.ts'
import { WriteStream } from './write-stream.ts'

/** What a session tells the connection it belongs to. */
export interface SessionOwner extends StreamHome {
  /** The guest froze (or not) and forgot what it must be told again; its session is over. */
  quiesced(frozen: boolean): void
  /** THAW was sent: streams may go on. */
  thawing(): void
  /** ASSIGN or THAW was sent with this token. */
  tokenSent(token: string): void
  /** The wire of the session after this one. */
  nextWire(signal?: AbortSignal): Promise<Wire>
  /** Ends all streams of the session and then the session. */
  closeSession(wire: Wire): void
}

/** The conversation over one wire. After `quiesce`, requests wait for the next session. */
export class Session implements GuestSession {
  readonly hello: GuestHello
  readonly closed: Promise<Error | undefined>
  readonly wire: Wire
  readonly #owner: SessionOwner
  #suspended = false

  constructor(wire: Wire, hello: GuestHello, closed: Promise<Error | undefined>, owner: SessionOwner) {
    this.wire = wire
    this.hello = hello
    this.closed = closed
    this.#owner = owner
  }

  async identify(request: IdentifyRequest, options?: Deadline): Promise<readonly ReceiptItem[]> {
    return receiptItemsOf(await this.#ask(methods.identify, identifyFields(request), options))
  }

  async assign(request: AssignRequest, options?: Deadline): Promise<readonly ReceiptItem[]> {
    this.#owner.tokenSent(request.token)
    return receiptItemsOf(await this.#ask(methods.assign, assignFields(request), options))
  }

  async quiesce(deadlineMs: number, options?: Deadline): Promise<{ frozen: boolean; synced: boolean; detail?: string }> {
    this.#suspended = true
    try {
      const { deadlines } = this.#owner
      const answer = await call(this.wire, deadlines, methods.quiesce, { deadlineMs }, { signal: options?.signal })
      this.#owner.quiesced(answer.frozen)
      this.wire.end(new SessionSuspended())
      const { frozen, synced, detail } = answer
      return detail === undefined ? { frozen, synced } : { frozen, synced, detail }
    } catch (error) {
      this.#suspended = false
      throw error
    }
  }

  async thaw(request: ThawRequest, options?: Deadline): Promise<void> {
    if (request.token !== undefined) this.#owner.tokenSent(request.token)
    const thawed = this.#ask(methods.thaw, thawFields(request), options)
    this.#owner.thawing()
    await thawed
  }

  exec(request: ExecRequest, options?: Deadline): Promise<ExecHandle> {
    return this.#on(options, (wire) => ExecStream.start(this.#owner, wire, request, options?.signal))
  }

  attach(target: { execId: number } | { tag: string }, options?: Deadline & { onClose?: 'kill' | 'keep' }): Promise<ExecHandle> {
    return this.#on(options, (wire) => ExecStream.attach(this.#owner, wire, target, options ?? {}))
  }

  async listExecs(options?: Deadline): Promise<readonly ExecInfo[]> {
    return execInfos(await this.#read(methods.execs, {}, options))
  }

  async stat(path: string, options?: Deadline): Promise<FileStat> {
    return fileStat(await this.#read(methods.stat, { path }, options, path))
  }

  list(path: string, depth: number, options?: Deadline): Promise<readonly FileStat[]> {
    const { deadlines } = this.#owner
    return this.#again(options, (wire) => listDirectory(wire, deadlines, { path, depth }, options?.signal))
  }

  readFile(path: string, options?: Deadline) {
    return this.#on(options, (wire) => ReadStream.open(this.#owner, wire, path, options?.signal))
  }

  writeFile(path: string, mode: number, options?: Deadline & { owner?: string }) {
    const request = { path, mode, owner: options?.owner }
    return this.#on(options, (wire) => WriteStream.open(this.#owner, wire, request, options?.signal))
  }

  async mkdir(path: string, mode: number, options?: Deadline): Promise<void> {
    await this.#ask(methods.mkdir, { path, mode }, options, path)
  }

  async move(from: string, to: string, options?: Deadline): Promise<void> {
    await this.#ask(methods.move, { from, to }, options, `${from} to ${to}`)
  }

  async remove(path: string, recursive: boolean, options?: Deadline): Promise<void> {
    await this.#ask(methods.remove, { path, recursive }, options, path)
  }

  async getXattr(path: string, name: string, options?: Deadline): Promise<Uint8Array> {
    return (await this.#read(methods.getXattr, { path, name }, options, `${name} of ${path}`)).value
  }

  async setXattr(path: string, name: string, value: Uint8Array, options?: Deadline): Promise<void> {
    await this.#ask(methods.setXattr, { path, name, value }, options, `${name} of ${path}`)
  }

  watch(path: string, recursive: boolean, options?: Deadline): AsyncIterable<WatchEvent> & { readonly ready: Promise<void> } {
    const watch = new WatchStream(this.#owner, path, recursive, options?.signal)
    this.#owner.add(watch)
    const begin = async (wire: Wire) => watch.resume(wire)
    this.#on(options, begin).catch((error: HearthError) => watch.fail(error))
    return watch
  }

  dial(port: number, options?: Deadline) {
    return this.#on(options, (wire) => dialGuest(wire, this.#owner.deadlines, port, options?.signal))
  }

  async listeningPorts(options?: Deadline): Promise<readonly number[]> {
    const { ports } = await this.#read(methods.ports, {}, options)
    return ports.filter((port) => port >= 1 && port <= 65_535)
  }

  metrics(options?: Deadline): Promise<GuestMetrics> {
    return this.#read(methods.metrics, {}, options)
  }

  async shutdown(mode: 'poweroff' | 'reboot', options?: Deadline): Promise<void> {
    await this.#ask(methods.shutdown, { mode: mode === 'poweroff' ? 0 : 1 }, options)
  }

  close(): void {
    this.#owner.closeSession(this.wire)
  }

  /** Runs on this session's wire, or on the next one's when this session is being suspended. */
  async #on<T>(options: Deadline | undefined, run: (wire: Wire) => Promise<T>): Promise<T> {
    if (options?.signal?.aborted === true) throw abortedBy(options.signal, 'a request to the guest agent')
    return run(this.#suspended ? await this.#owner.nextWire(options?.signal) : this.wire)
  }

  #ask<Q extends object, A extends object>(method: Method<Q, A>, value: Q, options?: Deadline, about = ''): Promise<A> {
    const what = about === '' ? method.name : `${method.name} ${about}`
    return this.#on(options, (wire) => call(wire, this.#owner.deadlines, method, value, { signal: options?.signal, what }))
  }

  #read<Q extends object, A extends object>(method: Method<Q, A>, value: Q, options?: Deadline, about = ''): Promise<A> {
    const what = about === '' ? method.name : `${method.name} ${about}`
    const { deadlines } = this.#owner
    return this.#again(options, (wire) => call(wire, deadlines, method, value, { signal: options?.signal, what }))
  }

  /** What only reads is asked again when a suspension cut it off. */
  async #again<T>(options: Deadline | undefined, run: (wire: Wire) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#on(options, run)
      } catch (error) {
        if (!(error instanceof SessionSuspended)) throw error
      }
    }
  }
}
