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
const raceCheckMs = 25
const logTailBytes = 2000

/**
 * Starts the server of `home` in the background and resolves when it serves. Two that are started at once settle it by the
 * lock of the home: one ends, and who started it uses the other.
 */
export async function startServer(home: string, options: StartOptions): Promise<void> {
  await makeHome(home)
  const logPath = join(home, 'server.log')
  const logFile = await open(logPath, 'a', 0o600)
  const startedAtMs = performance.now()
  const logStart = (await logFile.stat()).size
  const child = await launch(home, logFile, options)
  options.log.info('server.starting', { home, pid: child.pid })
  const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(startLimitMs)])
  try {
    const serves = await beforeDeadline(
      deadline,
      async () => (await isReady(child, deadline)) || anotherServes(home, child, deadline),
    )
    if (!serves) throw await startFailure(child, logPath, logStart, options.signal)
  } finally {
    // From here on the server lives its own life.
    child.unref()
    child.stdio[3]?.destroy()
  }
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

async function beforeDeadline(deadline: AbortSignal, work: () => Promise<boolean>): Promise<boolean> {
  try {
    return await work()
  } catch (error) {
    if (deadline.aborted) return false
    throw error
  }
}

/** Whether the server said that it is ready; `false` when it ended first. */
async function isReady(child: ChildProcess, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: child.stdio[3] as Readable })
  try {
    return await Promise.race([
      once(lines, 'line', { signal }).then(() => true),
      once(lines, 'close', { signal }).then(() => false),
    ])
  } finally {
    lines.close()
  }
}

/** The lock of the home was taken: the server that has it may still be on its way to listening. */
async function anotherServes(home: string, child: ChildProcess, signal: AbortSignal): Promise<boolean> {
  if (child.exitCode === null && child.signalCode === null && !signal.aborted) await once(child, 'exit', { signal })
  while (child.exitCode === lockTakenCode && !signal.aborted) {
    if (await isListening(socketPathOf(home))) return true
    await delay(raceCheckMs, undefined, { signal })
  }
  return false
}

/** The server's exit code when another one has the home. */
const lockTakenCode = 75

async function startFailure(child: ChildProcess, logPath: string, logStart: number, signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) return signal.reason
  // Too late is as bad as not at all, and worse when it comes after all.
  if (child.exitCode === null) child.kill('SIGTERM')
  const said = (await readFile(logPath)).subarray(logStart).toString().slice(-logTailBytes).trim()
  const how = child.exitCode === null ? `is not ready after ${startLimitMs / 1000} s` : `ended with code ${child.exitCode}`
  return new CliError(`the server ${how}${said === '' ? '' : `:\n${said}`}`, {
    hint: `Run "hearth doctor", or "hearth up" to see it start; its log is ${logPath}.`,
  })
}
