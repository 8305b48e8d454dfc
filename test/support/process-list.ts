import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process as the kernel shows it; pid and start time together name it for ever. */
export interface HostProcess {
  readonly pid: number
  /** Clock ticks since the host booted: field 22 of /proc/PID/stat. */
  readonly startTime: number
  readonly argv: readonly string[]
}

/** All living processes. A zombie counts as gone: its parent may take seconds to collect it. */
export function livingProcesses(): HostProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => whileItLives(() => readProcess(Number(name))) ?? [])
}

/** Whether the very process, not a later one of the same pid, is alive. */
export function isAlive({ pid, startTime }: { readonly pid: number; readonly startTime: number }): boolean {
  return whileItLives(() => readProcess(pid))?.startTime === startTime
}

/** Whether a process's arguments, environment, working folder, mapped or open files name something below `folder`. */
export function refersTo(pid: number, folder: string): boolean {
  const texts = ['cmdline', 'environ', 'maps'].map(
    (file) => whileItLives(() => readFileSync(`/proc/${pid}/${file}`, 'latin1')) ?? '',
  )
  const links = [`/proc/${pid}/cwd`, ...openFiles(pid)].map((link) => whileItLives(() => readlinkSync(link)) ?? '')
  return [...texts, ...links].some((text) => text.includes(folder))
}

function readProcess(pid: number): HostProcess | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The name in brackets may itself hold spaces and brackets: what follows the last one is field 3 onward.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  return { pid, startTime: Number(fields[19]), argv }
}

function openFiles(pid: number): string[] {
  return (whileItLives(() => readdirSync(`/proc/${pid}/fd`)) ?? []).map((fd) => `/proc/${pid}/fd/${fd}`)
}

/** Reading /proc races with the end of processes, and a few are closed to us. */
function whileItLives<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}
