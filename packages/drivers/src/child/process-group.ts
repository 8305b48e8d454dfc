import type { ChildProcess } from 'node:child_process'

/** How a process ended; `error` when it never started. */
export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly error?: Error
}

/** Resolves when the process is gone and its exit status known. Never rejects. */
export function watchEnd(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, signal: null, error }))
    child.once('exit', (exitCode, signal) => {
      // What the leader left behind ends with it: nobody else knows of it.
      signalGroup(child.pid, 'SIGKILL')
      resolve({ exitCode, signal })
    })
  })
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

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // ESRCH: the group is gone, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
