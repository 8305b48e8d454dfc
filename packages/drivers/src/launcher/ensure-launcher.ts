import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { driverError, type Log, messageOf } from '@hearth/model'
import { LauncherClient } from './launcher-client.ts'
import { type LauncherPaths, launcherPaths } from './launcher-paths.ts'

/** The launcher's exit code when another one of this home listens. */
const takenExit = 3
const logTailBytes = 4_096
/** A launcher that ends because it was idle can be met at the door; then the next one is started. */
const attempts = 5

export interface EnsureLauncherOptions {
  /** An existing directory; one launcher for each. */
  readonly home: string
  /** The launcher program. */
  readonly binary: string
  readonly log: Log
  readonly signal?: AbortSignal
  /** How long a launcher that nobody needs stays. */
  readonly idleExitMs?: number
}

/**
 * Connects to the launcher of `home`; starts one, which outlives this process, when there is none. Any number may do so at once:
 * they all meet the same launcher.
 * @throws `driver_misconfigured` when it cannot be started, `driver_unavailable` with its last words when it does not get ready
 */
export async function ensureLauncher(options: EnsureLauncherOptions): Promise<LauncherClient> {
  const paths = launcherPaths(options.home)
  let last: unknown
  for (let attempt = 0; attempt < attempts; attempt++) {
    const client = await connectToRunning(paths.socket, options.signal)
    if (client instanceof LauncherClient) return client
    last = client.problem
    await start(paths, options)
  }
  throw driverError('Unavailable', `no launcher of ${options.home} answers at ${paths.socket}`, { cause: last })
}

async function connectToRunning(socket: string, signal: AbortSignal | undefined): Promise<LauncherClient | { problem: unknown }> {
  try {
    return await LauncherClient.connect(socket, { signal })
  } catch (error) {
    signal?.throwIfAborted()
    const code = (error as { code?: unknown }).code
    // Nobody, a socket left by one that was killed, or one that is just leaving.
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'driver_unavailable') return { problem: error }
    throw error
  }
}

/** Resolves when a launcher of this home listens: the one started here, or another one that was faster. */
async function start(paths: LauncherPaths, options: EnsureLauncherOptions): Promise<void> {
  const log = await openLog(paths.log)
  let child: ChildProcess | undefined
  try {
    const args = ['--socket', paths.socket, '--lock', paths.lock]
    if (options.idleExitMs !== undefined) args.push('--idle-exit-ms', String(options.idleExitMs))
    child = spawn(options.binary, args, { cwd: '/', detached: true, env: {}, stdio: ['ignore', 'pipe', log.fd] })
    child.unref()
    // Its type does not know what stdio says above.
    await untilReady(child, child.stdout as Readable, paths, options)
  } catch (error) {
    await end(child)
    throw error
  } finally {
    await log.close()
  }
}

async function openLog(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a', 0o600)
  } catch (cause) {
    throw driverError('Misconfigured', `${path}: the launcher's log cannot be written`, { cause })
  }
}

async function untilReady(
  child: ChildProcess,
  stdout: Readable,
  paths: LauncherPaths,
  options: EnsureLauncherOptions,
): Promise<void> {
  // The launcher says `ready` and closes stdout, or ends: both end the stream.
  const words = readAll(stdout)
  const ended = untilEnd(child, options.binary)
  ended.catch(() => undefined) // When it matters it is awaited below.
  const said = await Promise.race([words, ended.then(() => words), aborted(options.signal)])
  if (said === 'ready\n') {
    options.log.info('launcher.started', { pid: child.pid, socket: paths.socket })
    return
  }
  const [code, signal] = await ended
  if (code === takenExit) return
  throw driverError(
    'Unavailable',
    `the launcher ended ${signal ? `by ${signal}` : `with code ${code}`}: ${await tail(paths.log)}`,
  )
}

/** Returns when nothing of a process that was started is left. */
async function end(child: ChildProcess | undefined): Promise<void> {
  const isRunning = child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  if (!isRunning) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function readAll(stream: Readable): Promise<string> {
  let text = ''
  for await (const part of stream.setEncoding('utf8')) text += part
  return text
}

/** Code and signal. @throws `driver_misconfigured` when it cannot be started */
async function untilEnd(child: ChildProcess, binary: string): Promise<[number | null, string | null]> {
  try {
    return (await once(child, 'exit')) as [number | null, string | null]
  } catch (cause) {
    throw driverError('Misconfigured', `the launcher ${binary} cannot be started: ${messageOf(cause)}`, {
      cause,
      hint: 'Build it with "node tools/rust.mjs build".',
    })
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function tail(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { bytesRead, buffer } = await file.read(Buffer.alloc(logTailBytes), 0, logTailBytes, Math.max(0, size - logTailBytes))
    return buffer.toString('utf8', 0, bytesRead).trim()
  } finally {
    await file.close()
  }
}
