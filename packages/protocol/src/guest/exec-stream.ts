import { type ExecExit, type ExecHandle, type ExecRequest, HearthError } from '@hearth/model'
import { nothing } from './call.ts'
import { channel } from './frames.ts'
import { guestProtocol, guestRefused } from './guest-errors.ts'
import { Inflow } from './inflow.ts'
import { events, methods } from './messages.ts'
import { Outflow } from './outflow.ts'
import type { Resumable, StreamHome } from './resumable.ts'
import { surviveRejection } from './survive-errors.ts'
import { StreamHandler, type Wire, type WireStream } from './wire.ts'

/** How long unread output may grow by resuming again and again before the next session waits for its reader. */
const maxUnreadBytes = 4 * 1024 * 1024

type Target = { readonly execId: number } | { readonly tag: string }

/**
 * starting ──started──▶ attached ◀──started── waiting ──▶ over
 *                          └──session ends───────┘
 *
 * A process and its three streams. Between sessions it waits; in the next one it attaches with the offsets of what it has.
 */
export class ExecStream extends StreamHandler implements ExecHandle, Resumable {
  readonly what: string
  readonly stdin = new Outflow()
  readonly stdout = new Inflow(channel.output)
  readonly stderr = new Inflow(channel.errors)
  readonly exit: Promise<ExecExit>
  readonly #home: StreamHome
  readonly #started = Promise.withResolvers<ExecHandle>()
  readonly #exit = Promise.withResolvers<ExecExit>()
  readonly #onClose: number
  #process: { readonly execId: number; readonly pid: number } | undefined
  #lostBytes = 0
  #state: 'starting' | 'attached' | 'waiting' | 'over' = 'starting'

  private constructor(home: StreamHome, what: string, onClose: 'kill' | 'keep' | undefined) {
    super()
    this.#home = home
    this.what = what
    this.#onClose = onClose === 'keep' ? 1 : 0
    this.exit = this.#exit.promise
    surviveRejection(this.exit)
    surviveRejection(this.#started.promise)
  }

  /** Starts a process; resolves once it runs. */
  static start(home: StreamHome, wire: Wire, request: ExecRequest, signal?: AbortSignal): Promise<ExecHandle> {
    const stream = new ExecStream(home, `EXEC ${request.argv[0] ?? ''}`, request.onClose)
    if (request.stdin !== true && request.pty === undefined) stream.stdin.destroy()
    return stream.#whenStarted(signal, () => wire.request(methods.exec, execFields(request), stream))
  }

  /** Attaches to a process that runs, or ended a moment ago; what the guest still has of its output comes first. */
  static attach(
    home: StreamHome,
    wire: Wire,
    target: Target,
    options: { readonly signal?: AbortSignal | undefined; readonly onClose?: 'kill' | 'keep' | undefined },
  ): Promise<ExecHandle> {
    const name = 'tag' in target ? target.tag : String(target.execId)
    const stream = new ExecStream(home, `ATTACH ${name}`, options.onClose)
    const onClose = options.onClose === undefined ? {} : { onClose: stream.#onClose }
    return stream.#whenStarted(options.signal, () => wire.request(methods.attach, { ...target, ...onClose }, stream))
  }

  get execId(): number {
    return this.#process?.execId ?? 0
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  get lostBytes(): number {
    return this.#lostBytes
  }

  signal(signal: number): Promise<void> {
    return this.#home.ask({ method: methods.signal, value: { execId: this.execId, signal }, read: nothing })
  }

  resize(cols: number, rows: number): Promise<void> {
    return this.#home.ask({ method: methods.resize, value: { execId: this.execId, cols, rows }, read: nothing })
  }

  close(): void {
    if (this.#state === 'over') return
    const waiting = this.#state === 'waiting'
    this.stream?.cancel()
    this.#end(new HearthError('cancelled', `${this.what} was closed by this side`))
    // The guest cannot be told now: the next session tells it.
    if (waiting) this.#home.add(this)
  }

  resume(wire: Wire): void {
    if (this.#state === 'over') this.#cancelOn(wire)
    else if (this.#tooMuchUnread()) this.#resumeWhenRead(wire)
    else this.#attachAgain(wire)
  }

  fail(error: HearthError): void {
    this.#end(error)
  }

  override onEvent(kind: number, fields: Buffer): void {
    if (kind !== events.started.kind) return
    const started = events.started.fields.decode(fields)
    const stream = this.stream
    if (this.#state === 'attached' || stream === undefined) throw guestProtocol(`${this.what} started twice`)
    if (this.#process === undefined) this.#begin(started)
    else if (started.execId !== this.#process.execId) throw guestProtocol(`${this.what} became another process`)
    this.#startOutput(this.stdout, stream, started.out1Start)
    this.#startOutput(this.stderr, stream, started.out2Start)
    this.#state = 'attached'
    this.stdin.start(stream, started.stdinReceived)
    this.#started.resolve(this)
  }

  override onData(onChannel: number, bytes: Buffer): void {
    this.#output(onChannel).accept(bytes)
  }

  override onEnd(onChannel: number): void {
    this.#output(onChannel).finish()
  }

  override onCredit(onChannel: number, bytes: number): void {
    if (onChannel !== channel.toGuest) throw guestProtocol(`CREDIT on channel ${onChannel} of ${this.what}`)
    this.stdin.addCredit(bytes)
  }

  override onReply(fields: Buffer): void {
    const exit = methods.exec.reply.decode(fields)
    if (this.#state !== 'attached') throw guestProtocol(`${this.what} ended before it started`)
    if (exit.code > 255 || (exit.signal ?? 0) > 255) throw guestProtocol(`${this.what} ended with code ${exit.code}`)
    this.#leave()
    this.stdout.finish()
    this.stderr.finish()
    this.stdin.release()
    this.#exit.resolve(exit)
  }

  override onRefused(number: number, text: string): void {
    this.#end(guestRefused(this.what, number, text))
  }

  override onBroken(error: HearthError): void {
    if (this.#state === 'starting') this.#end(error)
    if (this.#state === 'over') return
    this.#state = 'waiting'
    this.#detach()
  }

  async #whenStarted(signal: AbortSignal | undefined, ask: () => void): Promise<ExecHandle> {
    const stop = this.#home.deadlines.start(this.what, signal, (error) => {
      this.stream?.cancel()
      this.#end(error)
    })
    try {
      ask()
      return await this.#started.promise
    } finally {
      stop()
    }
  }

  #begin(started: { readonly execId: number; readonly pid: number; readonly stdinReceived: number }): void {
    this.#process = { execId: started.execId, pid: started.pid }
    this.stdin.beginAt(started.stdinReceived)
    this.#home.add(this)
  }

  #startOutput(output: Inflow, stream: WireStream, from: number): void {
    if (from < output.position) throw guestProtocol(`${this.what} would repeat output from byte ${from}`)
    this.#lostBytes += from - output.position
    output.skipTo(from)
    output.start(stream)
  }

  #output(onChannel: number): Inflow {
    if (this.#state !== 'attached') throw guestProtocol(`DATA of ${this.what} before it started`)
    if (onChannel === channel.output) return this.stdout
    if (onChannel === channel.errors) return this.stderr
    throw guestProtocol(`DATA on channel ${onChannel} of ${this.what}`)
  }

  #attachAgain(wire: Wire): void {
    const from = { out1From: this.stdout.position, out2From: this.stderr.position }
    wire.request(methods.attach, { execId: this.execId, onClose: this.#onClose, ...from }, this)
  }

  #cancelOn(wire: Wire): void {
    this.#home.remove(this)
    wire.request(methods.attach, { execId: this.execId, onClose: this.#onClose }, this)
    this.stream?.cancel()
  }

  #tooMuchUnread(): boolean {
    return this.stdout.unreadBytes > maxUnreadBytes || this.stderr.unreadBytes > maxUnreadBytes
  }

  #resumeWhenRead(wire: Wire): void {
    const tryAgain = () => {
      if (wire.over === undefined && this.#state === 'waiting') this.resume(wire)
    }
    const full = this.stdout.unreadBytes > maxUnreadBytes ? this.stdout : this.stderr
    full.onceUnreadBelow(maxUnreadBytes, tryAgain)
  }

  #detach(): void {
    this.stream = undefined
    this.stdin.stop()
    this.stdout.stop()
    this.stderr.stop()
  }

  #leave(): void {
    this.#state = 'over'
    this.#home.remove(this)
    this.#detach()
  }

  #end(error: HearthError): void {
    if (this.#state === 'over') return
    this.#leave()
    this.#started.reject(error)
    this.#exit.reject(error)
    for (const one of [this.stdin, this.stdout, this.stderr]) one.destroy(error)
  }
}

function execFields(request: ExecRequest) {
  return {
    argv: request.argv,
    env: Object.entries(request.env ?? {}).map(([key, value]) => `${key}=${value}`),
    cwd: request.cwd,
    user: request.user,
    cols: request.pty?.cols,
    rows: request.pty?.rows,
    stdin: request.stdin === true || request.pty !== undefined,
    tag: request.tag,
    onClose: request.onClose === 'keep' ? 1 : 0,
    toConsole: request.toConsole,
  }
}
