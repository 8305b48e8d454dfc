import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { type Deadline, type GuestConnection, type GuestSession, HearthError, type ThawRequest } from '@hearth/model'
import { type Asking, call } from './call.ts'
import { Deadlines, withDeadline } from './deadlines.ts'
import { guestUnreachable } from './guest-errors.ts'
import { helloOf } from './hello.ts'
import { methods } from './messages.ts'
import { type Connect, ended, gone, type HandshakeTiming, handshakeTiming, openStream } from './open-stream.ts'
import type { Resumable } from './resumable.ts'
import { Session, type SessionOwner } from './session.ts'
import { SessionSuspended } from './session-suspended.ts'
import { surviveRejection } from './survive-errors.ts'
import { Wire } from './wire.ts'

export interface GuestOptions {
  readonly token?: string
  /** For tests; the document's figures otherwise. */
  readonly timing?: HandshakeTiming
  /** 32 lower-case hex digits that are never the same twice; for tests that repeat recorded bytes. */
  readonly newNonce?: () => string
  /** How long a request without a signal waits, in milliseconds. */
  readonly deadlineMs?: number
  /** How long streams wait for a broken connection to come back, in milliseconds: the guest holds them no longer than 30 s. */
  readonly holdMs?: number
}

/** Opens a connection over streams that `connect` makes, one at a time. Nothing happens before it is asked for. */
export function openGuest(connect: Connect, options: GuestOptions = {}): GuestConnection {
  return new Connection(connect, options)
}

/**
 * idle ──session()──▶ opening ──▶ open ──suspend()──▶ suspended ──resume()──▶ opening …
 *   ▲                               │
 *   └──────── stream broke ─────────┘   (opens again by itself while streams wait)          any ──close()──▶ closed
 *
 * Exec, file and watch streams belong to the connection; each new session takes them up. A guest that broke the protocol
 * loses them: it can no longer be trusted to say where they were.
 */
class Connection implements GuestConnection, SessionOwner {
  readonly deadlines: Deadlines
  readonly #connect: Connect
  readonly #options: GuestOptions
  readonly #streams = new Set<Resumable>()
  #token: string | undefined
  #session: Session | undefined
  #stream: Duplex | undefined
  /** The last stream there was. */
  #before: Duplex | undefined
  #opening: { readonly session: Promise<Session>; readonly abort: AbortController } | undefined
  #waiters = 0
  /** While suspended: resolves when the guest goes on. */
  #gate: PromiseWithResolvers<void> | undefined
  #frozen = false
  #closed: HearthError | undefined

  constructor(connect: Connect, options: GuestOptions) {
    this.#connect = connect
    this.#options = options
    this.#token = options.token
    this.deadlines = new Deadlines(options.deadlineMs)
  }

  async session(options: Deadline = {}): Promise<GuestSession> {
    return this.#ready(options.signal)
  }

  async suspend(deadlineMs: number, options: Deadline = {}): Promise<{ frozen: boolean; synced: boolean; detail?: string }> {
    const session = await this.#ready(options.signal)
    const stream = this.#stream
    const gate = this.#closeGate()
    try {
      const answer = await session.quiesce(deadlineMs, options)
      if (stream !== undefined) await ended(stream)
      return answer
    } catch (error) {
      // Whoever cannot know whether the guest froze has to tell it to go on: the gate stays closed until then.
      if (session.wire.over === undefined) this.#openGate(gate)
      else if (stream !== undefined) await ended(stream)
      throw error
    }
  }

  async resume(request: ThawRequest, options: Deadline = {}): Promise<void> {
    const session = this.#session ?? (await this.#within(options.signal, () => this.#open()))
    await session.thaw(request, options)
    this.#openGate(this.#gate)
  }

  setToken(token: string): void {
    this.#token = token
  }

  close(): void {
    if (this.#closed !== undefined) return
    this.#closed = guestUnreachable('the connection to the guest agent was closed')
    this.#opening?.abort.abort(this.#closed)
    const wire = this.#session?.wire
    if (wire !== undefined) this.closeSession(wire)
    this.#failStreams(this.#closed)
    this.#openGate(this.#gate)
  }

  add(stream: Resumable): void {
    this.#streams.add(stream)
  }

  remove(stream: Resumable): void {
    this.#streams.delete(stream)
  }

  async ask<Q extends object, A extends object, T>(asking: Asking<Q, A, T>): Promise<T> {
    const { wire } = await this.#ready(asking.signal)
    return call(wire, this.deadlines, asking)
  }

  quiesced(frozen: boolean): void {
    this.#frozen = frozen
  }

  thawing(): void {
    this.#frozen = false
    if (this.#session !== undefined) this.#takeUpStreams(this.#session.wire)
  }

  tokenSent(token: string): void {
    this.#token = token
  }

  async nextWire(signal?: AbortSignal): Promise<Wire> {
    return (await this.#ready(signal)).wire
  }

  closeSession(wire: Wire): void {
    if (wire.over !== undefined) return
    for (const stream of this.#streams) stream.close()
    wire.close(guestUnreachable('the session was closed by this side'))
  }

  /** The session, once there is one and the guest is not suspended. */
  #ready(signal: AbortSignal | undefined): Promise<Session> {
    if (this.#session !== undefined && this.#gate === undefined) return Promise.resolve(this.#session)
    return this.#within(signal, async () => {
      while (this.#gate !== undefined) await this.#gate.promise
      return this.#session ?? this.#open()
    })
  }

  /** Waits with a deadline; an opening that nobody waits for any more is given up. */
  async #within<T>(signal: AbortSignal | undefined, run: () => Promise<T>): Promise<T> {
    this.#waiters += 1
    try {
      return await withDeadline(this.deadlines, 'connecting to the guest agent', signal, run())
    } finally {
      this.#waiters -= 1
      if (this.#waiters === 0 && this.#streams.size === 0) this.#opening?.abort.abort(guestUnreachable('nobody waits for it'))
    }
  }

  #open(): Promise<Session> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (this.#opening !== undefined) return this.#opening.session
    const abort = new AbortController()
    const session = openStream({
      connect: (options) => this.#connectAlone(options),
      timing: this.#options.timing ?? handshakeTiming,
      newNonce: this.#options.newNonce ?? (() => randomBytes(16).toString('hex')),
      begin: (stream, rest) => this.#begin(stream, rest),
      signal: abort.signal,
    }).finally(() => {
      this.#opening = undefined
    })
    surviveRejection(session)
    this.#opening = { session, abort }
    return session
  }

  /** The place of the stream before has to be free: there is one at a time. */
  async #connectAlone(options?: Deadline): Promise<Duplex> {
    if (this.#before !== undefined) await gone(this.#before)
    return this.#connect(options)
  }

  async #begin(stream: Duplex, rest: Buffer): Promise<Session> {
    this.#before = stream
    const over = Promise.withResolvers<Error | undefined>()
    const wire = new Wire(stream, (error) => {
      this.#sessionOver(wire, error)
      over.resolve(error instanceof SessionSuspended || this.#closed !== undefined ? undefined : error)
    })
    const token = this.#token === undefined ? undefined : Buffer.from(this.#token, 'utf8')
    const hello = call(wire, this.deadlines, { method: methods.hello, value: { token }, read: helloOf })
    wire.receive(rest)
    const session = new Session(wire, await hello, over.promise, this)
    this.#stream = stream
    this.#session = session
    if (!this.#frozen && this.#gate === undefined) this.#takeUpStreams(wire)
    return session
  }

  #sessionOver(wire: Wire, error: HearthError): void {
    if (this.#session?.wire !== wire) return
    this.#session = undefined
    this.#stream = undefined
    if (error.code !== 'guest_unreachable') this.#failStreams(error)
    else if (!(error instanceof SessionSuspended)) this.#reviveStreams()
  }

  /** Opens again by itself for the streams that wait; those that cannot go on are told. */
  #reviveStreams(): void {
    if (this.#streams.size === 0 || this.#closed !== undefined || this.#gate !== undefined || this.#session !== undefined) return
    const signal = AbortSignal.timeout(this.#options.holdMs ?? 30_000)
    this.#ready(signal).catch((error: HearthError) => this.#failStreams(error))
  }

  #takeUpStreams(wire: Wire): void {
    for (const stream of [...this.#streams]) {
      if (stream.stream !== undefined) continue
      try {
        stream.resume(wire)
      } catch (error) {
        stream.fail(error instanceof HearthError ? error : new HearthError('internal', String(error), { cause: error }))
      }
    }
  }

  #failStreams(error: HearthError): void {
    const streams = [...this.#streams]
    this.#streams.clear()
    for (const stream of streams) stream.fail(error)
  }

  #closeGate(): PromiseWithResolvers<void> {
    this.#gate ??= Promise.withResolvers<void>()
    return this.#gate
  }

  #openGate(gate: PromiseWithResolvers<void> | undefined): void {
    if (gate === undefined) return
    if (this.#gate === gate) this.#gate = undefined
    gate.resolve()
    // The session may have broken while the gate was closed.
    this.#reviveStreams()
  }
}
