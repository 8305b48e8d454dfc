import type { ChildProcess } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'

/** How a process ended; `error` when it never started. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly error?: Error
}

const lookAgainMs = 5
const groupDeadlineMs = 5000

/**
 * Resolves when the process and all of its group are gone and its exit status is known. What it left behind is ended with it:
 * nobody else knows of it.
 */
export async function watchEnd(child: ChildProcess): Promise<ProcessEnd> {
  const end = await new Promise<ProcessEnd>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, signal: null, error }))
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
  })
  if (child.pid !== undefined && signalGroup(child.pid, 'SIGKILL')) await groupGone(child.pid)
  return end
}

/** Whether the process ends within `limitMs`. */
export async function endsWithin(ended: Promise<ProcessEnd>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, limitMs, false)
  })
  try {
    return await Promise.race([ended.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks the whole group to end, and makes it end after `graceMs`. Resolves when its leader is gone. */
export async function endGroup(pid: number | undefined, ended: Promise<ProcessEnd>, graceMs: number): Promise<void> {
  signalGroup(pid, 'SIGTERM')
  if (await endsWithin(ended, graceMs)) return
  signalGroup(pid, 'SIGKILL')
  await ended
}

/** Whether there was anybody to signal. */
function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  if (pid === undefined) return false
  try {
    return process.kill(-pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** Waits until nothing of the group runs. Its members are not our children, so there is no event to wait for. */
async function groupGone(pid: number): Promise<void> {
  for (let waitedMs = 0; (await livingMembers(pid)) > 0; waitedMs += lookAgainMs) {
    if (waitedMs > groupDeadlineMs) throw new Error(`processes of group ${pid} do not end after SIGKILL`)
    await setTimeoutPromise(lookAgainMs)
  }
}

/** How many processes of the group are there that are no zombies; those wait for whoever adopted them. */
async function livingMembers(group: number): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
  const states = await Promise.all(pids.map((pid) => stateInGroup(pid, group)))
  return states.filter((state) => state !== undefined && state !== 'Z' && state !== 'X').length
}

/** The state letter of a process when it is of `group` (proc(5): fields 3 and 5 of stat, behind the name in parentheses). */
async function stateInGroup(pid: string, group: number): Promise<string | undefined> {
  // One that ended since it was listed is none of the living.
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(processGroup) === group ? state : undefined
}
