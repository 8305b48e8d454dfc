import { join } from 'node:path'
import { driverError, type MachineId, type SnapshotId, type TemplateRef } from '@hearth/model'

/** A unix socket path holds 107 bytes and a NUL (sockaddr_un). */
const socketPathBytes = 107

/** Where the driver keeps things under a HEARTH_HOME. Everything of a machine is named after the machine. */
export interface Layout {
  readonly home: string
  template(ref: TemplateRef): string
  snapshot(id: SnapshotId): string
  machine(id: MachineId): string
  /** Unpublished work; swept when its owner is gone. */
  staging(name: string): string
  readonly templates: string
  readonly snapshots: string
  readonly machines: string
  readonly stagingRoot: string
  /** What was learned about this host and this QEMU. */
  readonly hostFacts: string
}

/** @throws `driver_misconfigured` when `home` is too long for socket paths */
export function layoutOf(home: string): Layout {
  const machines = join(home, 'machines')
  const longest = join(machines, 'm-0123456789abcdef', 'agent.sock')
  if (Buffer.byteLength(longest) > socketPathBytes) {
    throw driverError(
      'Misconfigured',
      `HEARTH_HOME "${home}" is too long: its sockets would need ${Buffer.byteLength(longest)} bytes`,
      {
        hint: `Choose a home whose path is at most ${socketPathBytes - Buffer.byteLength(longest) + Buffer.byteLength(home)} bytes long.`,
      },
    )
  }
  const stagingRoot = join(home, 'tmp', 'qemu')
  return {
    home,
    templates: join(home, 'templates'),
    snapshots: join(home, 'snapshots'),
    machines,
    stagingRoot,
    hostFacts: join(home, 'qemu-host.json'),
    template: (ref) => join(home, 'templates', ref),
    snapshot: (id) => join(home, 'snapshots', id),
    machine: (id) => join(machines, id),
    staging: (name) => join(stagingRoot, name),
  }
}

/** The files of one machine. */
export const machineFiles = {
  record: 'machine.json',
  agent: 'agent.sock',
  qmp: 'qmp.sock',
  console: 'console.log',
  stderr: 'qemu.log',
  overlay: (generation: number) => `disk-${generation}.qcow2`,
  deviceState: 'device-state',
} as const

/** What the driver adds to the files that the image builder makes. */
export const templateFiles = {
  /** What the driver noted when it built the image. */
  image: 'image.json',
  manifest: 'manifest.json',
} as const

/** The files of a snapshot, beside its disk layers. */
export const snapshotFiles = {
  ram: 'ram',
  deviceState: 'device-state',
  manifest: 'manifest.json',
  /** Inode, size and time of each file when its digest was last known to be right. */
  checked: 'checked.json',
} as const
