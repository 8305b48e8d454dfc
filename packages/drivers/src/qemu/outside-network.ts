import { watch } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { driverError, type MachineId, messageOf } from '@hearth/model'
import { withChild } from '../child/run.ts'
import { endChild, watchProcess } from '../launcher/child-process.ts'
import type { LauncherProcess } from '../launcher/launcher-client.ts'
import type { MachineRecord } from './machine-record.ts'
import { readOwnFile } from './own-file.ts'
import type { QemuParts } from './parts.ts'

/** Where clouds serve credentials of the host to whoever asks from it: link-local, and three that are not. */
const metadataRoutes = ['169.254.0.0/16', '100.100.100.200/32', '192.0.0.192/32', '168.63.129.16/32'] as const
const readyFile = 'outside.ready'
const carrierFile = 'outside.json'
const readyDeadlineMs = 5_000

/** The name under which the launcher keeps the process that carries a machine's traffic. */
function carrierOf(id: MachineId): string {
  return `${id}.net`
}

/**
 * Gives the network namespace of an `open` machine a way out. Its QEMU sits in a namespace of its own, where 127.0.0.1 is nobody;
 * slirp4netns carries packets out of it and refuses the host's loopback; routes that lead nowhere hide the metadata addresses.
 */
export async function connectOutside(parts: QemuParts, record: MachineRecord, signal?: AbortSignal): Promise<void> {
  const directory = parts.layout.machine(record.id)
  const namespace = `/proc/${record.pid}/ns/net`
  try {
    const ready = fileAppears(directory, readyFile, signal)
    const launcher = await parts.launcher.client()
    const { pid, startTime } = await launcher.spawn({
      id: carrierOf(record.id),
      argv: [
        ...['/usr/bin/slirp4netns', '--configure', '--mtu=1500', '--disable-host-loopback', '--enable-seccomp'],
        ...[`--cidr=${carrierNetwork(record)}`, '--ready-fd=3', '--netns-type=path', namespace, 'tap0'],
      ],
      env: [],
      cwd: '/',
      stderr: join(directory, 'outside.log'),
      descriptors: [{ kind: 'append', path: join(directory, readyFile), mode: 0o600 }],
      netns: false,
    })
    await writeFile(join(directory, carrierFile), JSON.stringify({ pid, startTime }), { flag: 'wx', mode: 0o600 })
    await ready
    const lines = metadataRoutes.map((route) => `route add blackhole ${route}`)
    await withChild(['/usr/bin/nsenter', `--net=${namespace}`, '/usr/sbin/ip', '-batch', '-'], { signal }, async ({ stdin }) => {
      stdin.end(`${lines.join('\n')}\n`)
    })
  } catch (error) {
    signal?.throwIfAborted()
    throw driverError('Unavailable', `machine ${record.id} cannot be connected to the outside: ${messageOf(error)}`, {
      cause: error,
      hint: 'Egress "open" needs slirp4netns and iproute2; `hearth doctor` says what is missing.',
    })
  }
}

/**
 * The third address of the carrier's network is its resolver, which asks the host's also where that is on the host's loopback. QEMU's
 * own, in the namespace, could not.
 */
function carrierNetwork({ spec }: MachineRecord): string {
  return spec.network.dns.replace(/\.\d+$/, '.0/24')
}

/** Ends the carrier of a machine. Succeeds when it has none. */
export async function disconnectOutside(parts: QemuParts, id: MachineId): Promise<void> {
  const launcher = await parts.launcher.client()
  const carrier = carrierOf(id)
  const recorded = await readCarrier(parts.layout.machine(id))
  // The launcher that started it may be gone.
  if (recorded) await watchProcess(launcher, carrier, recorded)
  if ((await launcher.list()).some((child) => child.id === carrier)) await endChild(launcher, carrier)
}

async function readCarrier(directory: string): Promise<LauncherProcess | undefined> {
  try {
    return JSON.parse(await readOwnFile(join(directory, carrierFile))) as LauncherProcess
  } catch {
    return undefined // it has none, or only the launcher knows of it
  }
}

/** Resolves when `name` in `directory` has content. */
async function fileAppears(directory: string, name: string, signal?: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([AbortSignal.timeout(readyDeadlineMs), ...(signal ? [signal] : [])])
  const watcher = watch(directory)
  try {
    await new Promise<void>((resolve, reject) => {
      const look = async () => {
        const content = await readFile(join(directory, name)).catch(() => Buffer.alloc(0))
        if (content.length > 0) resolve()
      }
      watcher.on('change', () => void look())
      deadline.addEventListener('abort', () => reject(new Error(`slirp4netns was not ready within ${readyDeadlineMs} ms`)), {
        once: true,
      })
      void look()
    })
  } finally {
    watcher.close()
  }
}
