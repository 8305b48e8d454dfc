import { joinBytes } from './bytes.ts'
import { HearthApiError, HearthConnectionError } from './errors.ts'
import type { ExecAttach, ExecControl, ExecEvent, ExecStart } from './messages.ts'
import type { Socket } from './socket.ts'

const channels = { stdin: 0, stdout: 1, stderr: 2 } as const
/** No message is longer, so that a slow reader on the other side never holds much. */
const stdinChunkBytes = 64 * 1024
const defaultOutputLimitBytes = 64 * 1024 * 1024

/**
 * How a process ended.
 *
 * ```ts
 * const process = await machine.spawn('sh', ['-c', 'kill -9 $$'])
 * const exit: ExecExit = await process.wait()
 * assert.deepEqual(exit, { code: 137, signal: 9 })
 * ```
 */
export interface ExecExit {
  /** The exit code, or 128 + signal. */
  readonly code: number
  readonly signal?: number
}

/**
 * What a process wrote.
 *
 * ```ts
 * const process = await machine.spawn('sh', ['-c', 'echo out; echo bad >&2'])
 * const seen: ExecOutput['stream'][] = []
 * for await (const { stream } of process) seen.push(stream)
 * assert.deepEqual(seen.sort(), ['stderr', 'stdout'])
 * ```
 */
export interface ExecOutput {
  /** A process with a PTY has stdout only. */
  readonly stream: 'stdout' | 'stderr'
  readonly bytes: Uint8Array
}

/**
 * All that a process wrote, and how it ended.
 *
 * ```ts
 * const process = await machine.spawn('printf', ['\\001\\002'])
 * const { code, stdout }: ExecResult = await process.collect()
 * assert.deepEqual([code, ...stdout], [0, 1, 2])
 * ```
 */
export interface ExecResult extends ExecExit {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

/**
 * A process in a machine. Its output is read by iterating over it, once; what is not read holds the process back.
 * The exit is known when the output has been read to its end: `wait` and `collect` do both.
 *
 * ```ts
 * const shell: ExecProcess = await machine.spawn('sh', [], { stdin: true, pty: { cols: 100, rows: 30 } })
 * await shell.resize(120, 40)
 * await shell.write('echo over-$((40 + 2)); exit 7\n')
 * let screen = ''
 * for await (const { bytes } of shell) screen += new TextDecoder().decode(bytes)
 * assert.ok(screen.includes('over-42'))
 * assert.equal((await shell.wait()).code, 7)
 * ```
 */
export class ExecProcess implements AsyncIterable<ExecOutput> {
  /** By which it can be attached to again. */
  readonly execId: number
  /** Its number inside the machine. */
  readonly pid: number
  /** Output dropped before this attachment, because nobody was there to read it. */
  readonly lostBytes: number
  readonly #socket: Socket<ExecEvent>
  #exit: ExecExit | undefined

  constructor(socket: Socket<ExecEvent>, started: Extract<ExecEvent, { type: 'started' }>) {
    this.#socket = socket
    this.execId = started.execId
    this.pid = started.pid
    this.lostBytes = started.lostBytes
  }

  /** Output as it comes, until the process has ended. @throws HearthApiError, HearthConnectionError, or the signal's reason */
  async *[Symbol.asyncIterator](): AsyncGenerator<ExecOutput, void, undefined> {
    while (!this.#exit) {
      const event = await this.#socket.next()
      if (event === undefined) throw new HearthConnectionError('the connection ended before the process did')
      if (event instanceof Uint8Array) {
        yield { stream: event[0] === channels.stderr ? 'stderr' : 'stdout', bytes: event.subarray(1) }
        continue
      }
      if (event.type === 'error') throw new HearthApiError(event.error)
      if (event.type === 'exit') {
        this.#exit = event.signal === undefined ? { code: event.code } : { code: event.code, signal: event.signal }
        this.#socket.close()
      }
    }
  }

  /** Reads and drops the rest of the output, and resolves to the exit. */
  async wait(): Promise<ExecExit> {
    for await (const _ of this);
    return this.#exit as ExecExit
  }

  /** Reads the rest of the output. @throws RangeError beyond `limitBytes` (64 MiB unless said otherwise) */
  async collect(limitBytes = defaultOutputLimitBytes): Promise<ExecResult> {
    const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
    let size = 0
    for await (const { stream, bytes } of this) {
      size += bytes.byteLength
      if (size > limitBytes) {
        this.close()
        throw new RangeError(`the process wrote more than ${limitBytes} bytes; iterate over it instead of collecting`)
      }
      chunks[stream].push(bytes)
    }
    return { ...(this.#exit as ExecExit), stdout: joinBytes(chunks.stdout), stderr: joinBytes(chunks.stderr) }
  }

  /** Sends input; resolves when more should be sent. */
  async write(input: string | Uint8Array): Promise<void> {
    const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
    for (let start = 0; start < bytes.byteLength; start += stdinChunkBytes) {
      const chunk = bytes.subarray(start, start + stdinChunkBytes)
      const message = new Uint8Array(chunk.byteLength + 1)
      message[0] = channels.stdin
      message.set(chunk, 1)
      await this.#socket.send(message)
    }
  }

  /** Says that no more input comes. */
  end(): Promise<void> {
    return this.#control({ type: 'eof' })
  }

  /** Tells a PTY its new size, in characters. */
  resize(cols: number, rows: number): Promise<void> {
    return this.#control({ type: 'resize', cols, rows })
  }

  /** Sends a signal, by number, to the process group. */
  signal(signal: number): Promise<void> {
    return this.#control({ type: 'signal', signal })
  }

  /** Leaves the process: it is ended, unless it was started or attached to with `detach`. */
  close(): void {
    this.#socket.close()
  }

  #control(message: ExecControl): Promise<void> {
    return this.#socket.send(JSON.stringify(message))
  }
}

/** Opens the conversation and waits until the process runs. */
export async function openExec(socket: Socket<ExecEvent>, opening: ExecStart | ExecAttach): Promise<ExecProcess> {
  try {
    await socket.send(JSON.stringify(opening))
    const event = await socket.next()
    if (event === undefined || event instanceof Uint8Array || event.type === 'exit') {
      throw new HearthConnectionError('the connection ended before the process was started')
    }
    if (event.type === 'error') throw new HearthApiError(event.error)
    if (event.type === 'started') return new ExecProcess(socket, event)
    throw new HearthConnectionError(`the server said "${event.type}" before the process was started`)
  } catch (error) {
    socket.close()
    throw error
  }
}
