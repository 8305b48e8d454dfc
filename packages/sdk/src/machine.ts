import type { ByteStream } from './bytes.ts'
import { isHearthError } from './errors.ts'
import { type ExecProcess, openExec } from './exec.ts'
import { MachineFiles } from './files.ts'
import { type LifeTime, withLifeTime } from './life-time.ts'
import type { ExecAttach, ExecStart } from './messages.ts'
import type { Cancellable, Repeatable } from './options.ts'
import { openPortStream, type PortStream } from './port-stream.ts'
import type { AttachOptions, ExecOptions, ExecText, SpawnOptions } from './process-options.ts'
import type { Fork, SnapshotCreate } from './requests.ts'
import type {
  ExecInfoResource,
  ForkResult,
  MachineResource,
  MachineStatsResource,
  Problem,
  ReceiptResource,
  SnapshotResource,
} from './resources.ts'
import { parted, type Scope } from './scope.ts'
import { snapshotMade } from './snapshot-made.ts'
import { Socket } from './socket.ts'

/**
 * What a fork made.
 *
 * ```ts
 * const forked: Forked = await machine.fork(2)
 * assert.equal(forked.clones.length, 2)
 * for (const clone of forked.clones) if (clone instanceof Machine) await clone.remove()
 * ```
 */
export interface Forked {
  /** The moment all clones come from; it goes with the last of them. */
  readonly snapshotId: string
  /** In order; a clone that failed does not take the others with it. */
  readonly clones: readonly (Machine | Problem)[]
}

/**
 * What can be done with one machine, known by id or name. Nothing is asked of the server before a method is called.
 *
 * ```ts
 * const ref: MachineRef = hearth.machines.ref(machine.id)
 * const { stdout } = await ref.exec('echo', ['hello'])
 * assert.equal(stdout, 'hello\n')
 * ```
 */
export class MachineRef {
  /** The id or name it is known by here. */
  readonly ref: string
  readonly files: MachineFiles
  readonly #scope: Scope

  constructor(scope: Scope, ref: string) {
    this.#scope = scope
    this.ref = ref
    this.files = new MachineFiles(scope, ref)
  }

  /** Everything the server knows of it, now. */
  async get(options: Cancellable = {}): Promise<Machine> {
    return this.#machine(await this.#scope.transport.json('GET', this.#path(), options))
  }

  /** Stops its processors; its memory stays. */
  async pause(options: Cancellable = {}): Promise<Machine> {
    return this.#machine(await this.#scope.transport.json('POST', this.#path('pause'), options))
  }

  /** Lets it go on, with its clock set right. */
  async resume(options: Cancellable = {}): Promise<Machine> {
    return this.#machine(await this.#scope.transport.json('POST', this.#path('resume'), options))
  }

  /** Gives it so much time from now on, more or less than it had. */
  async extend(lifeTimeMs: number, options: Cancellable = {}): Promise<Machine> {
    return this.#machine(
      await this.#scope.transport.json('POST', this.#path('extend'), { json: { timeoutMs: lifeTimeMs }, ...options }),
    )
  }

  /** Ends it; resolves when every trace is gone. */
  remove(options: Cancellable = {}): Promise<void> {
    return this.#scope.transport.done('DELETE', this.#path(), options)
  }

  /** Makes `count` clones of it as it is at one moment. It goes on afterwards. */
  async fork(count: number, options: Omit<Fork, 'count' | 'timeoutMs'> & LifeTime & Repeatable = {}): Promise<Forked> {
    const { call, rest } = parted(options)
    const body = { count, ...withLifeTime(rest) }
    const { snapshotId, results } = await this.#scope.post<ForkResult>(this.#path('fork'), body, call)
    const clones = results.map((result) => ('machine' in result ? this.#machine(result.machine) : result.error))
    return { snapshotId, clones }
  }

  /** Freezes it into a snapshot; it goes on afterwards. Resolves when the snapshot is ready. */
  snapshot(options: SnapshotCreate & Repeatable = {}): Promise<SnapshotResource> {
    const { call, rest } = parted(options)
    return snapshotMade(this.#scope, this.#path('snapshots'), rest, call)
  }

  /**
   * Runs a program to its end and resolves to the text it wrote (at most 64 MiB) and how it ended. For bytes, or to read along:
   * `spawn`. A code other than 0 is an answer, not an error.
   */
  async exec(program: string, args: readonly string[] = [], options: ExecOptions = {}): Promise<ExecText> {
    const { input, ...rest } = options
    const process = await this.spawn(program, args, { ...rest, stdin: input !== undefined })
    const feeding = input === undefined ? undefined : feed(process, input)
    const [result] = await Promise.all([process.collect(), feeding])
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
    return { ...result, stdout: text(result.stdout), stderr: text(result.stderr) }
  }

  /** Starts a program and resolves when it runs. Its output is read by iterating; input is sent when `stdin` is true. */
  spawn(program: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<ExecProcess> {
    const { signal, timeoutMs, ...start } = options
    return this.#open({ ...start, argv: [program, ...args] }, { signal, timeoutMs })
  }

  /** Starts an interactive shell on a PTY, 80 by 24 unless said otherwise. */
  shell(options: Omit<SpawnOptions, 'stdin'> = {}): Promise<ExecProcess> {
    return this.spawn('/bin/sh', ['-l'], { pty: { cols: 80, rows: 24 }, ...options, stdin: true })
  }

  /** Attaches to a running process, by id or tag; output that was not read yet comes first. */
  attach(target: number | string, options: AttachOptions = {}): Promise<ExecProcess> {
    const { signal, timeoutMs, detach = false } = options
    return this.#open({ attach: target, detach }, { signal, timeoutMs })
  }

  /** The processes that were started here, also those that ended a moment ago. */
  async processes(options: Cancellable = {}): Promise<ExecInfoResource[]> {
    const { items } = await this.#scope.transport.json<{ items: ExecInfoResource[] }>('GET', this.#path('execs'), options)
    return items
  }

  /** The ports on which something listens inside. */
  async ports(options: Cancellable = {}): Promise<number[]> {
    const { items } = await this.#scope.transport.json<{ items: { port: number }[] }>('GET', this.#path('ports'), options)
    return items.map(({ port }) => port)
  }

  /** Opens a stream to a TCP port on the machine's own loopback. @throws HearthApiError when nobody listens there */
  async dial(port: number, options: Cancellable = {}): Promise<PortStream> {
    return openPortStream(await Socket.to(this.#scope.transport, this.#path('dial', port), options))
  }

  /** The guest's proof of what was personalised, checked by the host. */
  receipt(options: Cancellable = {}): Promise<ReceiptResource> {
    return this.#scope.transport.json('GET', this.#path('receipt'), options)
  }

  /** What it uses, as the host sees it and, when it answers, the guest. */
  stats(options: Cancellable = {}): Promise<MachineStatsResource> {
    return this.#scope.transport.json('GET', this.#path('stats'), options)
  }

  /** The end of its console; with `follow` it goes on until the machine ends. */
  logs(options: Cancellable & { readonly maxBytes?: number; readonly follow?: boolean } = {}): Promise<ByteStream> {
    const { signal, timeoutMs, ...query } = options
    return this.#scope.transport.stream('GET', this.#path('logs'), { query, signal, timeoutMs })
  }

  async #open(opening: ExecStart | ExecAttach, options: Cancellable): Promise<ExecProcess> {
    return openExec(await Socket.to(this.#scope.transport, this.#path('exec'), options), opening)
  }

  #machine(data: MachineResource): Machine {
    return new Machine(this.#scope, data)
  }

  #path(...parts: (string | number)[]): string {
    return this.#scope.path('machines', this.ref, ...parts)
  }
}

/**
 * A machine as it was when the server was last asked; `get` asks again. Leaving a block that has it by `await using` ends it.
 *
 * ```ts
 * await using machine = await hearth.launch('python', { env: { COLOUR: 'blue' } })
 * const { code, stdout } = await machine.exec('sh', ['-c', 'echo $COLOUR'])
 * assert.deepEqual([code, stdout, machine.state], [0, 'blue\n', 'running'])
 * ```
 */
export class Machine extends MachineRef implements AsyncDisposable {
  readonly data: MachineResource

  constructor(scope: Scope, data: MachineResource) {
    super(scope, data.id)
    this.data = data
  }

  get id(): string {
    return this.data.id
  }

  get name(): string | undefined {
    return this.data.name
  }

  get state(): MachineResource['state'] {
    return this.data.state
  }

  /** Ends it; one that is gone already is fine. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove().catch((error: unknown) => {
      if (!isHearthError(error, 'machine_not_found')) throw error
    })
  }
}

async function feed(process: ExecProcess, input: string | Uint8Array): Promise<void> {
  await process.write(input)
  await process.end()
}
