import { execFileSync } from 'node:child_process'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { livingProcesses, refersTo } from './process-list.ts'

/** Everything on this host that has to do with one folder, told by the host itself and not by our own records. */
export interface HostTraces {
  /** `pid start-time argv…` of living processes that name the folder anywhere, this one and its ancestors left out. */
  readonly processes: readonly string[]
  /** Paths of listening unix sockets (from `ss -xlp`). */
  readonly sockets: readonly string[]
  /** Lines of /proc/locks on files of the folder. */
  readonly locks: readonly string[]
  /** Mount points in the folder. */
  readonly mounts: readonly string[]
  /** Every path in the folder. */
  readonly files: readonly string[]
}

/** Looks at the whole host for traces of `folder` (an absolute path, such as a HEARTH_HOME). */
export function hostTraces(folder: string): HostTraces {
  const files = pathsBelow(folder)
  return {
    processes: processesOf(folder),
    sockets: socketsIn(folder),
    locks: locksOn([folder, ...files]),
    mounts: mountsIn(folder),
    files,
  }
}

/** What is in `after` and was not in `before`; all lists are empty when nothing was left behind. */
export function leftBehind(before: HostTraces, after: HostTraces): HostTraces {
  const added = (kind: keyof HostTraces) => after[kind].filter((trace) => !before[kind].includes(trace))
  return {
    processes: added('processes'),
    sockets: added('sockets'),
    locks: added('locks'),
    mounts: added('mounts'),
    files: added('files'),
  }
}

/** What `leftBehind` says when nothing is. */
export const noTraces: HostTraces = { processes: [], sockets: [], locks: [], mounts: [], files: [] }

function processesOf(folder: string): string[] {
  return livingProcesses()
    .filter(({ pid }) => !ownFamily().includes(pid) && refersTo(pid, folder))
    .map(({ pid, startTime, argv }) => `${pid} ${startTime} ${argv.join(' ')}`)
}

/** This process and its parents: the test runner names the folder too. */
function ownFamily(): number[] {
  return [process.pid, process.ppid]
}

function socketsIn(folder: string): string[] {
  const lines = execFileSync('ss', ['-xlpH'], { encoding: 'utf8' }).split('\n')
  return lines.flatMap((line) => line.split(/\s+/).filter((word) => isBelow(word, folder)))
}

function locksOn(paths: readonly string[]): string[] {
  const inodes = new Set(paths.flatMap((path) => inodeOf(path) ?? []))
  // 1: FLOCK  ADVISORY  WRITE 3125 fe:00:1044 0 EOF; the device is in hex and without leading rules, so inodes are compared
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => inodes.has(/ [0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line)?.[1] ?? ''))
    .map((line) => line.replace(/^\d+: /, ''))
}

function mountsIn(folder: string): string[] {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  return points.filter((point) => isBelow(point, folder))
}

function pathsBelow(folder: string): string[] {
  if (inodeOf(folder) === undefined) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

function inodeOf(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return stat?.ino.toString()
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
