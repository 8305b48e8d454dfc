import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { PassThrough, type Readable, type Writable } from 'node:stream'
import { HearthError } from '@hearth/model'
import { endGroup, endsWithin, type ProcessEnd, watchEnd } from './process-group.ts'

export interface RunOptions {
  readonly signal?: AbortSignal | undefined
  /** Beside the PATH and a UTF-8 locale, which every child gets; nothing else of ours is passed on. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Called with each line of stderr as it comes. */
  readonly onStderrLine?: (line: string) => void
  /** Open file that becomes the child's stdin instead of a pipe. */
  readonly stdinFd?: number
  /**
   * Whether an error of `use` only mirrors the child's own bad end (a broken pipe, output that stops too early);
   * the child's end is then what is thrown.
   */
  readonly mirrorsChild?: (error: unknown) => boolean
  /** How long a child may take to end after SIGTERM before it gets SIGKILL. Default 3,000. */
  readonly graceMs?: number
}

/** The streams of a running child. */
export interface ChildStreams {
  readonly stdin: Writable
  readonly stdout: Readable
}

/** How a child failed: `details.child` of the error. */
export interface ChildFailure {
  readonly program: string
  readonly exitCode: number | null
  readonly signal: string | null
  /** The last 4 KiB. */
  readonly stderr: string
}

const stderrTailBytes = 4096
const stdoutLimitBytes = 1024 * 1024
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
// How long a child may take to end after it closed its pipes.
const ownEndMs = 10_000

/**
 * Runs a program to its end and returns what it wrote to stdout (at most 1 MiB).
 * @throws HearthError `driver_unavailable` when it is not installed, `internal` with `details.child` when it ends badly;
 * the signal's reason when aborted
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  return await withChild(argv, options, async ({ stdin, stdout }) => {
    stdin.end()
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      if (sizeBytes > stdoutLimitBytes) throw new HearthError('internal', `${argv[0]} wrote more than ${stdoutLimitBytes} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  })
}

/**
 * Runs a program while `use` works with its streams; resolves when both are done and the program ended with 0.
 * The child leads a process group of its own, which is ended as a whole when `use` fails or the signal aborts:
 * nothing of it survives the call. Errors as of `run`, or what `use` threw.
 */
export async function withChild<T>(
  argv: readonly string[],
  options: RunOptions,
  use: (child: ChildStreams) => Promise<T>,
): Promise<T> {
  options.signal?.throwIfAborted()
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    detached: true,
    env: childEnv(options.env),
    stdio: [options.stdinFd ?? 'pipe', 'pipe', 'pipe'],
    ...(options.cwd && { cwd: options.cwd }),
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>
  const stdin: Writable = child.stdin ?? new PassThrough()
  // A pipe that the child closed early shows in what `use` does with it, and in the child's end.
  stdin.on('error', () => undefined)
  child.stdout.on('error', () => undefined)
  const stderr = followStderr(child.stderr, options.onStderrLine)
  const ended = watchEnd(child)
  const stop = () => endGroup(child.pid, ended, options.graceMs ?? 3000)
  const onAbort = () => {
    stdin.destroy()
    child.stdout.destroy()
    void stop()
  }
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const [outcome] = await Promise.allSettled([use({ stdin, stdout: child.stdout })])
    const failure = outcome.status === 'rejected' ? outcome.reason : undefined
    const isMirror = outcome.status === 'rejected' && (options.mirrorsChild?.(failure) ?? false)
    const endsItself = outcome.status === 'fulfilled' || (isMirror && (await endsWithin(ended, ownEndMs)))
    if (!endsItself) await stop()
    const end = await ended
    options.signal?.throwIfAborted()
    if (endsItself || end.error !== undefined) checkEnd(program, end, stderr(), failure)
    if (outcome.status === 'rejected') throw failure
    return outcome.value
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
    stdin.destroy()
    child.stdout.destroy()
  }
}

/** Whether `error` is what writing to a child gives that no longer reads. */
export function isBrokenPipe(error: unknown): boolean {
  const codes = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** What is known of the child whose bad end `error` reports, if it reports one. */
export function childFailure(error: unknown): ChildFailure | undefined {
  return error instanceof HearthError ? (error.details?.child as ChildFailure | undefined) : undefined
}

function childEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: usualPath, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', ...more }
}

function checkEnd(program: string, end: ProcessEnd, stderr: string, cause: unknown): void {
  if (end.error !== undefined) {
    throw new HearthError('driver_unavailable', `${program} could not be started: ${end.error.message}`, {
      hint: 'Run "hearth doctor": it lists the programs that are missing and how to install them.',
      cause: end.error,
    })
  }
  if (end.exitCode === 0) return
  const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was ended by ${end.signal}`
  const failure: ChildFailure = { program, exitCode: end.exitCode, signal: end.signal, stderr }
  throw new HearthError('internal', `${program} ${how}${stderr === '' ? '' : `: ${lastLine(stderr)}`}`, {
    cause,
    details: { child: failure },
  })
}

/** Keeps the end of stderr and hands out its lines; returns the way to read what was kept. */
function followStderr(stderr: Readable, onLine: ((line: string) => void) | undefined): () => string {
  let tail = Buffer.alloc(0)
  let line = ''
  stderr.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-stderrTailBytes)
    if (onLine === undefined) return
    const lines = (line + chunk.toString('utf8')).split(/[\r\n]+/)
    line = (lines.pop() ?? '').slice(-stderrTailBytes)
    for (const complete of lines) if (complete !== '') onLine(complete)
  })
  return () => tail.toString('utf8').trim()
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1)
}
