import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { waitUntil } from '../../support/wait-until.ts'

const root = join(import.meta.dirname, '../../..')
const unit = 'hearth.service'

/** Targets that services lean on by default; of this host's own, none may start. */
const emptyTargets = ['basic', 'sysinit', 'shutdown', 'multi-user', 'default']

/** Mounts of its own, so that systemd finds what it wants and this host's stay as they are. `$1`: folder of units. */
const boot = `
set -e
mount --make-rprivate /
umount --recursive --lazy /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
exec env container=other SYSTEMD_UNIT_PATH="$1" /lib/systemd/systemd --system --log-target=console --log-level=warning
`

/** A systemd of its own, in namespaces of its own, that knows the unit we ship and nothing else. Needs root. */
export class ServiceHost implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #cgroup: string
  readonly #pid: number

  private constructor(child: ChildProcess, cgroup: string, pid: number) {
    this.#child = child
    this.#cgroup = cgroup
    this.#pid = pid
  }

  /** Starts it; the unit is that of `deploy/systemd`, but for the places: this checkout, and `home`. */
  static async start(folder: string, home: string): Promise<ServiceHost> {
    const units = join(folder, 'units')
    await mkdir(units)
    writeFileSync(join(units, unit), shippedUnit(home))
    for (const name of emptyTargets) writeFileSync(join(units, `${name}.target`), '[Unit]\nDefaultDependencies=no\n')
    const cgroup = join(unifiedCgroups(), `hearth-test-${process.pid}`)
    await mkdir(cgroup)
    const flags = ['--pid', '--fork', '--kill-child', '--mount', '--mount-proc', '--uts', '--ipc', '--cgroup']
    // It enters its cgroup first: that becomes the root of its cgroup namespace.
    const enter = 'echo $$ > "$1/cgroup.procs"; shift; exec unshare "$@"'
    const child = spawn('bash', ['-c', enter, 'bash', cgroup, ...flags, 'bash', '-c', boot, 'bash', units], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    await once(child, 'spawn')
    const pid = (await waitUntil('systemd to begin', () => childOf(child.pid ?? 0))) ?? 0
    const host = new ServiceHost(child, cgroup, pid)
    await waitUntil('systemd to run', () => host.systemctl('is-system-running', '--wait').trim() === 'running')
    return host
  }

  /** Runs `systemctl` inside. @throws when it fails */
  systemctl(...args: string[]): string {
    const inside = ['-t', String(this.#pid), '-m', '-p', '-i', '-u', '-C']
    return execFileSync('nsenter', [...inside, 'systemctl', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** A property of the unit, such as `MainPID`. */
  property(name: string): string {
    return this.systemctl('show', unit, '--property', name, '--value').trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
    await waitUntil('the cgroup to be empty', () => removeCgroup(this.#cgroup))
  }
}

/** The text of the unit, for `home` and this checkout. */
export function shippedUnit(home: string): string {
  return readFileSync(join(root, 'deploy/systemd', unit), 'utf8')
    .replaceAll('/opt/hearth', root)
    .replaceAll('/var/lib/hearth', home)
    .replaceAll(/^(StateDirectory.*|.*network-online.*)\n/gm, '')
}

function unifiedCgroups(): string {
  const mount = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[2] === 'cgroup2')
  const path = mount?.split(' ')[1]
  if (path === undefined) throw new Error('this host has no unified cgroups')
  return path
}

/** The process that `unshare` made: the first one of its namespace. */
function childOf(pid: number): number | undefined {
  const path = `/proc/${pid}/task/${pid}/children`
  const [first] = existsSync(path) ? readFileSync(path, 'utf8').trim().split(' ') : []
  return first === undefined || first === '' ? undefined : Number(first)
}

/** Whether it is gone; what is in use cannot go yet. */
function removeCgroup(path: string): boolean {
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(path, entry.name))
  try {
    rmdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error
  }
  return !existsSync(path)
}
