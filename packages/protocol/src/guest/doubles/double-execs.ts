import type { Clock } from '@hearth/model'
import type { FieldList } from '../../fields/field-list.ts'
import { methods } from '../messages.ts'
import type { DoubleCommand } from './double-commands.ts'
import { guestNow } from './double-identity.ts'
import { DoubleProcess } from './double-process.ts'
import { type GuestStream, Refusal } from './guest-link.ts'
import type { GuestState } from './guest-state.ts'

type Fields<L> = L extends FieldList<infer T> ? T : never

/** How long a process without a host waits for one, in milliseconds. */
const holdMs = 30_000

/** The processes of a double. */
export class DoubleExecs {
  readonly #commands: Readonly<Record<string, DoubleCommand>>
  readonly #clock: Clock
  readonly #state: GuestState
  readonly #processes = new Map<number, DoubleProcess>()
  /** The processes that wait for a host, with the way to end their waiting. */
  readonly #holds = new Map<DoubleProcess, AbortController>()
  #nextId = 1

  constructor(state: GuestState, clock: Clock, commands: Readonly<Record<string, DoubleCommand>>) {
    this.#state = state
    this.#clock = clock
    this.#commands = commands
  }

  /** What a memory snapshot of `source` holds. */
  takeOver(source: DoubleExecs): void {
    this.#nextId = source.#nextId
    for (const process of source.#processes.values()) {
      const copy = process.copy()
      this.#processes.set(copy.facts.execId, copy)
      if (copy.exit === undefined) this.#run(copy, true)
      this.#hold(copy)
    }
  }

  exec(stream: GuestStream, request: Fields<typeof methods.exec.request>): void {
    const name = (request.argv[0] ?? '').split('/').at(-1) ?? ''
    if (!Object.hasOwn(this.#commands, name)) throw new Refusal('not_found', `${request.argv[0] ?? ''}: no such program`)
    const process = new DoubleProcess({
      execId: this.#nextId++,
      argv: request.argv,
      tag: request.tag,
      startedAtMs: Math.round(guestNow(this.#state, this.#clock)),
      onClose: request.onClose,
    })
    this.#processes.set(process.facts.execId, process)
    this.#attach(stream, process, {})
    this.#run(process, false, request.env)
  }

  attach(stream: GuestStream, request: Fields<typeof methods.attach.request>): void {
    const process = this.#find(request.execId, request.tag)
    if (request.onClose !== undefined) process.facts.onClose = request.onClose
    this.#attach(stream, process, { out1: request.out1From, out2: request.out2From })
  }

  signal(stream: GuestStream, request: Fields<typeof methods.signal.request>): void {
    const process = this.#find(request.execId)
    stream.reply(methods.signal.reply, {})
    process.end(128 + request.signal, request.signal)
  }

  resize(stream: GuestStream, request: Fields<typeof methods.resize.request>): void {
    this.#find(request.execId)
    stream.reply(methods.resize.reply, {})
  }

  list(stream: GuestStream): void {
    const execs = [...this.#processes.values()].map(({ facts, pid, exit }) => ({
      execId: facts.execId,
      pid,
      argv: facts.argv,
      tag: facts.tag,
      startedAtMs: facts.startedAtMs,
      running: exit === undefined,
      code: exit?.code,
      signal: exit?.signal,
    }))
    stream.reply(methods.execs.reply, { execs })
  }

  /** IDENTIFY: nobody will come back for what the source's host was attached to. */
  endHolds(): void {
    for (const process of [...this.#holds.keys()]) this.#close(process)
  }

  /** How many run. */
  get running(): number {
    return [...this.#processes.values()].filter((process) => process.exit === undefined).length
  }

  #find(execId: number | undefined, tag?: string): DoubleProcess {
    const byTag = () => [...this.#processes.values()].findLast((process) => process.facts.tag === tag)
    const process = execId === undefined ? byTag() : this.#processes.get(execId)
    if (process === undefined) throw new Refusal('not_found', 'no such process')
    return process
  }

  #run(process: DoubleProcess, resumed: boolean, env: readonly string[] = []): void {
    const [program = '', ...args] = process.facts.argv
    const command = this.#commands[program.split('/').at(-1) ?? '']
    const everything = [...this.#state.env, ...this.#state.secrets, ...env]
    command?.({ process, args, env: everything, state: this.#state, clock: this.#clock, resumed })
  }

  #attach(
    stream: GuestStream,
    process: DoubleProcess,
    from: { readonly out1?: number | undefined; readonly out2?: number | undefined },
  ): void {
    this.#endHold(process)
    stream.onCancel = () => this.#close(process)
    stream.onBroken = () => {
      process.detach()
      this.#hold(process)
    }
    process.attach(stream, from)
  }

  #close(process: DoubleProcess): void {
    this.#endHold(process)
    process.detach()
    if (process.facts.onClose === 0) process.end(128 + 15, 15)
  }

  #hold(process: DoubleProcess): void {
    if (process.exit !== undefined) return
    const hold = new AbortController()
    this.#holds.set(process, hold)
    this.#clock.sleep(holdMs, hold.signal).then(
      () => this.#close(process),
      () => undefined,
    )
  }

  #endHold(process: DoubleProcess): void {
    this.#holds.get(process)?.abort()
    this.#holds.delete(process)
  }
}
