import {
  type AssignRequest,
  type Deadline,
  type ExecHandle,
  type ExecInfo,
  type ExecRequest,
  type FileStat,
  type GuestHello,
  type GuestMetrics,
  type GuestSession,
  type HearthError,
  type IdentifyRequest,
  isHearthError,
  type ReceiptItem,
  type ThawRequest,
  type WatchEvent,
} from '@hearth/model'
import { type Asking, asItIs, call, nothing } from './call.ts'
import { dialGuest } from './dial-stream.ts'
import { execInfos } from './exec-info.ts'
import { ExecStream } from './exec-stream.ts'
import { fileStat } from './file-stat.ts'
import { abortedBy, guestProtocol, guestUnreachable } from './guest-errors.ts'
import { assignFields, identifyFields, receiptItemsOf, thawFields } from './identity-fields.ts'
import { listDirectory } from './list-stream.ts'
import { methods } from './messages.ts'
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
    return this.#ask({ method: methods.identify, value: identifyFields(request), read: receiptItemsOf }, options)
  }

  async assign(request: AssignRequest, options?: Deadline): Promise<readonly ReceiptItem[]> {
    this.#owner.tokenSent(request.token)
    return this.#ask({ method: methods.assign, value: assignFields(request), read: receiptItemsOf }, options)
  }

  async quiesce(deadlineMs: number, options?: Deadline): Promise<{ frozen: boolean; synced: boolean; detail?: string }> {
    this.#suspended = true
    try {
      const { deadlines } = this.#owner
      const value = { deadlineMs }
      const answer = await call(this.wire, deadlines, { method: methods.quiesce, value, read: asItIs, signal: options?.signal })
      this.#owner.quiesced(answer.frozen)
      this.wire.end(new SessionSuspended())
      const { frozen, synced, detail } = answer
      return detail === undefined ? { frozen, synced } : { frozen, synced, detail }
    } catch (error) {
      // Refused: nothing happened. Otherwise the guest may be frozen, and hears nothing more in this session.
      if (isHearthError(error, 'guest_error', 'invalid_input')) this.#suspended = false
      else this.wire.end(guestUnreachable('QUIESCE was not answered', error))
      throw error
    }
  }

  async thaw(request: ThawRequest, options?: Deadline): Promise<void> {
    if (request.token !== undefined) this.#owner.tokenSent(request.token)
    const thawed = this.#ask({ method: methods.thaw, value: thawFields(request), read: nothing }, options)
    this.#owner.thawing()
    await thawed
  }

  exec(request: ExecRequest, options?: Deadline): Promise<ExecHandle> {
    return this.#on(options, (wire) => ExecStream.start(this.#owner, wire, request, options?.signal))
  }

  attach(target: { execId: number } | { tag: string }, options?: Deadline & { onClose?: 'kill' | 'keep' }): Promise<ExecHandle> {
    return this.#on(options, (wire) => ExecStream.attach(this.#owner, wire, target, options ?? {}))
  }

  listExecs(options?: Deadline): Promise<readonly ExecInfo[]> {
    return this.#look({ method: methods.execs, value: {}, read: execInfos }, options)
  }

  stat(path: string, options?: Deadline): Promise<FileStat> {
    return this.#look({ method: methods.stat, value: { path }, read: fileStat, what: `STAT ${path}` }, options)
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

  mkdir(path: string, mode: number, options?: Deadline): Promise<void> {
    return this.#ask({ method: methods.mkdir, value: { path, mode }, read: nothing, what: `MKDIR ${path}` }, options)
  }

  move(from: string, to: string, options?: Deadline): Promise<void> {
    return this.#ask({ method: methods.move, value: { from, to }, read: nothing, what: `MOVE ${from} to ${to}` }, options)
  }

  remove(path: string, recursive: boolean, options?: Deadline): Promise<void> {
    return this.#ask({ method: methods.remove, value: { path, recursive }, read: nothing, what: `REMOVE ${path}` }, options)
  }

  getXattr(path: string, name: string, options?: Deadline): Promise<Uint8Array> {
    const what = `GETXATTR ${name} of ${path}`
    return this.#look({ method: methods.getXattr, value: { path, name }, read: (fields) => fields.value, what }, options)
  }

  setXattr(path: string, name: string, value: Uint8Array, options?: Deadline): Promise<void> {
    const what = `SETXATTR ${name} of ${path}`
    return this.#ask({ method: methods.setXattr, value: { path, name, value }, read: nothing, what }, options)
  }

  watch(path: string, recursive: boolean, options?: Deadline): AsyncIterable<WatchEvent> & { readonly ready: Promise<void> } {
    const watch = new WatchStream(this.#owner, path, recursive, options?.signal)
    this.#owner.add(watch)
    const begin = async (wire: Wire) => {
      // A session that began while this one waited has taken it up already.
      if (watch.stream === undefined) watch.resume(wire)
    }
    this.#on(options, begin).catch((error: HearthError) => watch.fail(error))
    return watch
  }

  dial(port: number, options?: Deadline) {
    return this.#on(options, (wire) => dialGuest(wire, this.#owner.deadlines, port, options?.signal))
  }

  listeningPorts(options?: Deadline): Promise<readonly number[]> {
    return this.#look({ method: methods.ports, value: {}, read: portsOf }, options)
  }

  metrics(options?: Deadline): Promise<GuestMetrics> {
    return this.#look({ method: methods.metrics, value: {}, read: asItIs }, options)
  }

  shutdown(mode: 'poweroff' | 'reboot', options?: Deadline): Promise<void> {
    const value = { mode: mode === 'poweroff' ? 0 : 1 }
    return this.#ask({ method: methods.shutdown, value, read: nothing }, options)
  }

  close(): void {
    this.#owner.closeSession(this.wire)
  }

  /** Runs on this session's wire, or on the next one's when this session is being suspended. */
  async #on<T>(options: Deadline | undefined, run: (wire: Wire) => Promise<T>): Promise<T> {
    if (options?.signal?.aborted === true) throw abortedBy(options.signal, 'a request to the guest agent')
    return run(this.#suspended ? await this.#owner.nextWire(options?.signal) : this.wire)
  }

  #ask<Q extends object, A extends object, T>(asking: Asking<Q, A, T>, options?: Deadline): Promise<T> {
    const { deadlines } = this.#owner
    return this.#on(options, (wire) => call(wire, deadlines, { ...asking, signal: options?.signal }))
  }

  #look<Q extends object, A extends object, T>(asking: Asking<Q, A, T>, options?: Deadline): Promise<T> {
    const { deadlines } = this.#owner
    return this.#again(options, (wire) => call(wire, deadlines, { ...asking, signal: options?.signal }))
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

/** @throws `guest_protocol` for what is no port */
function portsOf({ ports }: { readonly ports: readonly number[] }): readonly number[] {
  const wrong = ports.find((port) => port < 1 || port > 65_535)
  if (wrong !== undefined) throw guestProtocol(`port ${wrong}`)
  return ports
}
