import { chmod, chown, copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { driverError, type MachineSpec, messageOf, type SnapshotManifest } from '@hearth/model'
import type { SpawnDescriptor } from '../launcher/launcher-client.ts'
import { cpuArgument } from './compatibility.ts'
import { endVmm } from './end-vmm.ts'
import { qemuArguments } from './hardware-profile.ts'
import type { HostFacts } from './host-facts.ts'
import { imageFiles } from './images/image-builder.ts'
import { machineFiles, snapshotFiles } from './layout.ts'
import { type DiskLayer, type MachineRecord, writeRecord } from './machine-record.ts'
import { type NetBackend, netBackend, netdevArgument } from './network.ts'
import { connectOutside } from './outside-network.ts'
import type { QemuParts } from './parts.ts'
import { uidOf } from './vmm-user.ts'
import type { Vmm } from './vmms.ts'

/** Where a machine's memory, processor and disks come from: its template, or a snapshot. */
export interface Origin {
  readonly memory: string
  readonly sharedMemory: boolean
  readonly guestKernel: string
  readonly machineType: string
  readonly cpuFeatures: readonly string[]
  /** Read-only layers, oldest first. */
  readonly layers: readonly DiskLayer[]
  readonly netBackend: NetBackend
  readonly snapshot?: SnapshotManifest
}

/** glibc's malloc (mallopt(3)) gives back what QEMU needed only to start: a megabyte less for every clone, at no cost in time. */
const leanHeap = ['MALLOC_ARENA_MAX=1', 'MALLOC_MMAP_THRESHOLD_=32768', 'MALLOC_TRIM_THRESHOLD_=65536', 'MALLOC_TOP_PAD_=16384']

/** Starts the QEMU of one machine. Nothing of it is left when this rejects. */
export async function startVmm(parts: QemuParts, spec: MachineSpec, origin: Origin, signal?: AbortSignal): Promise<Vmm> {
  const directory = parts.layout.machine(spec.id)
  const uid = parts.users.separate ? uidOf(spec.id) : undefined
  await makeMachineDirectory(parts, spec, directory, uid)
  parts.failpoint('machine.folder_made')
  try {
    const facts = await parts.facts()
    signal?.throwIfAborted()
    const disk = [...origin.layers, overlayLayer(directory, 0, origin.layers.length)]
    const backend = netBackend(spec.egress, origin.netBackend)
    const { argv, descriptors } = commandLine(parts, facts, spec, origin, disk, backend)
    const launcher = await parts.launcher.client()
    const { pid, startTime } = await launcher.spawn({
      id: spec.id,
      argv,
      env: leanHeap,
      cwd: '/',
      stderr: join(directory, machineFiles.stderr),
      descriptors,
      netns: spec.egress === 'open',
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    parts.failpoint('machine.spawned')
    const record: MachineRecord = {
      id: spec.id,
      spec,
      pid,
      startTime,
      memory: origin.memory,
      sharedMemory: origin.sharedMemory,
      netBackend: backend,
      guestKernel: origin.guestKernel,
      disk,
      overlays: 1,
      ...(uid === undefined ? {} : { uid }),
      ...(origin.snapshot ? { restoredFrom: origin.snapshot.id } : {}),
    }
    const vmm = parts.vmms.enter(record)
    await Promise.all([
      writeRecord(directory, record),
      spec.egress === 'open' ? connectOutside(parts, record, signal) : undefined,
    ])
    parts.failpoint('machine.recorded')
    signal?.throwIfAborted()
    return vmm
  } catch (error) {
    await endVmm(parts, spec.id)
    throw error
  }
}

/** The writable layer of a machine: `generation` counts the overlays it has had. */
export function overlayLayer(directory: string, generation: number, index: number): DiskLayer {
  return {
    node: `disk${index}`,
    fileNode: `file${index}`,
    path: join(directory, machineFiles.overlay(generation)),
    format: 'qcow2',
  }
}

/** Copies the ready empty overlay of the template: `qemu-img create` would take 12 ms. */
export async function copyEmptyOverlay(parts: QemuParts, spec: MachineSpec, path: string): Promise<void> {
  await copyFile(join(parts.layout.template(spec.template), imageFiles.overlay), path)
  await chmod(path, 0o600)
}

async function makeMachineDirectory(
  parts: QemuParts,
  spec: MachineSpec,
  directory: string,
  uid: number | undefined,
): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 })
  } catch (error) {
    throw driverError('Busy', `machine ${spec.id} cannot be made: ${messageOf(error)}`, { cause: error })
  }
  try {
    // QEMU gets it as an open descriptor: its owner does not matter.
    await copyEmptyOverlay(parts, spec, join(directory, machineFiles.overlay(0)))
    if (uid !== undefined) await chown(directory, uid, uid)
  } catch (error) {
    await rm(directory, { recursive: true, force: true })
    throw driverError('Unavailable', `machine ${spec.id} cannot be made: ${messageOf(error)}`, { cause: error })
  }
}

function commandLine(
  parts: QemuParts,
  facts: HostFacts,
  spec: MachineSpec,
  origin: Origin,
  disk: readonly DiskLayer[],
  backend: NetBackend,
): { argv: string[]; descriptors: SpawnDescriptor[] } {
  const directory = parts.layout.machine(spec.id)
  const template = parts.layout.template(spec.template)
  const descriptors: SpawnDescriptor[] = []
  const hand = (descriptor: SpawnDescriptor): number => descriptors.push(descriptor) + 2
  const clone = origin.snapshot
  const numbers = {
    agent: hand({ kind: 'listen', path: join(directory, machineFiles.agent) }),
    qmp: hand({ kind: 'listen', path: join(directory, machineFiles.qmp) }),
    memory: hand({ kind: 'memfd', id: origin.memory }),
    kernel: hand({ kind: 'read', path: join(template, clone ? imageFiles.stubKernel : imageFiles.kernel) }),
    initrd: hand({ kind: 'read', path: join(template, clone ? imageFiles.stubInitrd : imageFiles.initramfs) }),
    rootfs: hand({ kind: 'read', path: join(template, imageFiles.base) }),
    disk: disk.map(({ path }, index) => hand({ kind: index === disk.length - 1 ? 'read-write' : 'read', path })),
    ...(clone
      ? { deviceState: hand({ kind: 'read', path: join(parts.layout.snapshot(clone.id), snapshotFiles.deviceState) }) }
      : {}),
  }
  const settings = {
    machineType: origin.machineType,
    cpuArgument: cpuArgument(facts, origin.cpuFeatures),
    accelerator: facts.accelerator,
    vcpus: spec.resources.vcpus,
    memoryMiB: spec.resources.memoryMiB,
    sharedMemory: origin.sharedMemory,
    mac: spec.network.mac,
    netdev: netdevArgument(backend, spec.egress, spec.network),
    consolePath: join(directory, machineFiles.console),
    descriptors: numbers,
    diskFormats: disk.map(({ format }) => format),
  }
  return { argv: [parts.qemu, ...qemuArguments(settings)], descriptors }
}
