import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { CliError } from '../cli-error.ts'
import type { Log } from '../log.ts'
import { socketPathOf } from './home.ts'
import { isListening } from './is-listening.ts'
import { serverProgram } from './server-program.ts'

export interface StartOptions {
  readonly signal: AbortSignal
  readonly log: Log
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A server that is not ready by then is not coming. */
const startLimitMs = 30_000
/** The server's exit code when another one has the home. */
const lockTakenCode = 75
/** For so long the other one is looked for before one is started again. */
const raceMs = 500
const raceCheckMs = 25
const logTailBytes = 2000

type Outcome = 'ready' | 'ended'

/**
 * Starts the server of `home` in the background and resolves when it serves. Two that are started at once settle it by the
 * lock of the home: one ends, and who started it uses the other. One that is not ready when `signal` is aborted is ended.
 */
export async function startServer(home: string, options: StartOptions): Promise<void> {
  await makeHome(home)
  const startedAtMs = performance.now()
  const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(startLimitMs)])
  let isServed = false
  while (!isServed) isServed = await startOne(home, options, deadline)
  options.log.info('server.ready', { tookMs: Math.round(performance.now() - startedAtMs) })
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true, mode: 0o700 })
  } catch (error) {
    const hint = 'Choose another place with --home or HEARTH_HOME, or make it writable.'
    throw new CliError(`the home ${home} cannot be made: ${(error as Error).message}`, { hint, cause: error })
  }
}

/** Whether the home is served now, by the server started here or by another; `false`: the one that had the home is ending. */
async function startOne(home: string, options: StartOptions, deadline: AbortSignal): Promise<boolean> {
  const logPath = join(home, 'server.log')
  const logFile = await open(logPath, 'a', 0o600)
  const logStart = (await logFile.stat()).size
  const child = await launch(home, logFile, options)
  options.log.info('server.starting', { home, pid: child.pid })
  try {
    if ((await outcomeOf(child, deadline)) === 'ready') return true
    if (child.exitCode === lockTakenCode) return await isServedSoon(home, deadline)
  } catch (error) {
    if (!deadline.aborted) throw error
    child.kill('SIGTERM')
    options.signal.throwIfAborted()
  } finally {
    // From here on the server lives its own life.
    child.unref()
    child.stdio[3]?.destroy()
  }
  throw await startFailure(child, logPath, logStart)
}

async function launch(home: string, logFile: FileHandle, options: StartOptions): Promise<ChildProcess> {
  try {
    const child = spawn(process.execPath, [...serverProgram(), '--home', home, '--ready-fd', '3'], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', logFile.fd, logFile.fd, 'pipe'],
      env: { ...options.env, HEARTH_HOME: home },
    })
    await once(child, 'spawn')
    return child
  } finally {
    await logFile.close()
  }
}

/** A line on the pipe says that the server is ready. */
async function outcomeOf(child: ChildProcess, signal: AbortSignal): Promise<Outcome> {
  const lines = createInterface({ input: child.stdio[3] as Readable })
  try {
    const ready = once(lines, 'line', { signal }).then((): Outcome => 'ready')
    return await Promise.race([ready, once(child, 'exit', { signal }).then((): Outcome => 'ended')])
  } finally {
    lines.close()
  }
}

/** The one that has the home is on its way to listening, or to its end. */
async function isServedSoon(home: string, signal: AbortSignal): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < raceMs; waitedMs += raceCheckMs) {
    if (await isListening(socketPathOf(home))) return true
    await delay(raceCheckMs, undefined, { signal })
  }
  return false
}

async function startFailure(child: ChildProcess, logPath: string, logStart: number): Promise<CliError> {
  const said = (await readFile(logPath)).subarray(logStart).toString().slice(-logTailBytes).trim()
  const how = child.exitCode === null ? `is not ready after ${startLimitMs / 1000} s` : `ended with code ${child.exitCode}`
  return new CliError(`the server ${how}${said === '' ? '' : `:\n${said}`}`, {
    hint: `Run "hearth doctor", or "hearth up" to see it start; its log is ${logPath}.`,
  })
}
