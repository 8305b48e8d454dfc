import type {
  ExecAttach,
  ExecInfoResource,
  ExecStart,
  Fork,
  ForkResult,
  MachineResource,
  MachineStatsResource,
  Problem,
  ReceiptResource,
  SnapshotCreate,
  SnapshotResource,
} from '@hearth/protocol'
import type { ByteStream } from './bytes.ts'
import { type ExecExit, type ExecProcess, openExec } from './exec.ts'
import { MachineFiles } from './files.ts'
import { openPortStream, type PortStream } from './port-stream.ts'
import { Socket } from './socket.ts'
import { apiPath, type Cancellable, type Transport } from './transport.ts'

export type ExecOptions = Omit<ExecStart, 'argv'> & Cancellable

export interface RunOptions extends Omit<ExecOptions, 'stdin' | 'detach'> {
  /** Given to the process as its whole input. */
  readonly input?: string | Uint8Array
}

export interface Forked {
  /** The moment all clones come from; it goes with the last of them. */
  readonly snapshotId: string
  /** In order; a clone that failed does not take the others with it. */
  readonly clones: readonly (Machine | Problem)[]
}

export interface RunResult extends ExecExit {
  /** As UTF-8. */
  readonly stdout: string
  readonly stderr: string
}

/** What can be done with one machine, known by id or name. Nothing is asked of the server before a method is called. */
export class MachineRef {
  /** The id or name it is known by here. */
  readonly ref: string
  readonly files: MachineFiles
  readonly #transport: Transport

  constructor(transport: Transport, ref: string) {
    this.#transport = transport
    this.ref = ref
    this.files = new MachineFiles(transport, ref)
  }

  /** Everything the server knows of it, now. */
  async get(options?: Cancellable): Promise<Machine> {
    return new Machine(this.#transport, await this.#transport.json<MachineResource>('GET', this.#path(), options))
  }

  /** Stops its processors; its memory stays. */
  async pause(options?: Cancellable): Promise<Machine> {
    return new Machine(this.#transport, await this.#transport.json<MachineResource>('POST', this.#path('pause'), options))
  }

  /** Lets it go on, with its clock set right. */
  async resume(options?: Cancellable): Promise<Machine> {
    return new Machine(this.#transport, await this.#transport.json<MachineResource>('POST', this.#path('resume'), options))
  }

  /** Ends it; resolves when every trace is gone. */
  async remove(options?: Cancellable): Promise<void> {
    await this.#transport.done('DELETE', this.#path(), options)
  }

  /** Makes `count` clones of it as it is at one moment. It goes on afterwards. */
  async fork(count: number, options: Omit<Fork, 'count'> & Cancellable = {}): Promise<Forked> {
    const { signal, ...rest } = options
    const request = { json: { count, ...rest }, ...(signal ? { signal } : {}) }
    const { snapshotId, results } = await this.#transport.json<ForkResult>('POST', this.#path('fork'), request)
    const clones = results.map((result) => ('machine' in result ? new Machine(this.#transport, result.machine) : result.error))
    return { snapshotId, clones }
  }

  /** Freezes it into a snapshot; it goes on afterwards. */
  async snapshot(options: SnapshotCreate & Cancellable = {}): Promise<SnapshotResource> {
    const { signal, ...json } = options
    return this.#transport.json('POST', this.#path('snapshots'), { json, ...(signal ? { signal } : {}) })
  }

  /** Starts a process and resolves when it runs. Input is sent when `stdin` is true. */
  exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecProcess> {
    const { signal, ...start } = options
    return this.#open({ ...start, argv: [...argv] }, signal)
  }

  /** Starts an interactive shell on a PTY. */
  shell(options: Omit<ExecOptions, 'stdin'> = {}): Promise<ExecProcess> {
    return this.exec(['/bin/sh', '-l'], { pty: { cols: 80, rows: 24 }, ...options, stdin: true })
  }

  /**
   * Runs a process to its end and resolves to the text it wrote (at most 64 MiB) and how it ended. For bytes: `exec`, then `collect`.
   * A code other than 0 is an answer, not an error.
   */
  async run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const { input, ...rest } = options
    const process = await this.exec(argv, { ...rest, stdin: input !== undefined })
    const feeding = input === undefined ? undefined : feed(process, input)
    const [result] = await Promise.all([process.collect(), feeding])
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
    return { ...result, stdout: text(result.stdout), stderr: text(result.stderr) }
  }

  /** Attaches to a running process, by id or tag; output that was not read yet comes first. */
  attach(target: number | string, options: Cancellable & { readonly detach?: boolean } = {}): Promise<ExecProcess> {
    const { signal, detach = false } = options
    return this.#open({ attach: target, detach }, signal)
  }

  /** The processes that were started by exec, also those that ended a moment ago. */
  async execs(options?: Cancellable): Promise<ExecInfoResource[]> {
    const { items } = await this.#transport.json<{ items: ExecInfoResource[] }>('GET', this.#path('execs'), options)
    return items
  }

  /** Opens a stream to a TCP port on the machine's own loopback. @throws HearthApiError when nobody listens there */
  dial(port: number, options: Cancellable = {}): Promise<PortStream> {
    return openPortStream(new Socket(this.#transport, this.#path('dial', port), options.signal))
  }

  /** The guest's proof of what was personalised, checked by the host. */
  receipt(options?: Cancellable): Promise<ReceiptResource> {
    return this.#transport.json('GET', this.#path('receipt'), options)
  }

  stats(options?: Cancellable): Promise<MachineStatsResource> {
    return this.#transport.json('GET', this.#path('stats'), options)
  }

  /** The end of its console; with `follow` it goes on until the machine ends. */
  logs(options: Cancellable & { readonly maxBytes?: number; readonly follow?: boolean } = {}): Promise<ByteStream> {
    const { signal, ...query } = options
    return this.#transport.stream('GET', this.#path('logs'), { query, ...(signal ? { signal } : {}) })
  }

  async #open(opening: ExecStart | ExecAttach, signal: AbortSignal | undefined): Promise<ExecProcess> {
    return openExec(new Socket(this.#transport, this.#path('exec'), signal), opening)
  }

  #path(...parts: (string | number)[]): string {
    return apiPath('machines', this.ref, ...parts)
  }
}

/** A machine as it was when the server was last asked; `get` asks again. */
export class Machine extends MachineRef {
  readonly data: MachineResource

  constructor(transport: Transport, data: MachineResource) {
    super(transport, data.id)
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
}

async function feed(process: ExecProcess, input: string | Uint8Array): Promise<void> {
  await process.write(input)
  await process.end()
}
