import { link, mkdir, rename, rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import {
  type Cancellable,
  type DriverSnapshot,
  type DriverSnapshotPlan,
  driverError,
  isHearthError,
  type MachineId,
  messageOf,
  type SnapshotId,
  type SnapshotLayers,
} from '@hearth/model'
import { compatibilityOf } from './compatibility.ts'
import { discardOverlay, flattenDisk, prepareOverlay, switchOverlay } from './disk.ts'
import { digestFiles } from './integrity.ts'
import { snapshotFiles } from './layout.ts'
import type { DiskLayer } from './machine-record.ts'
import { captureMemory, keepTemplateMemory, prepareMemory } from './memory-capture.ts'
import type { QemuParts } from './parts.ts'
import type { Vmm } from './vmms.ts'

/** What the pause produced. */
interface Frozen {
  readonly memory: SnapshotLayers['memory']
  /** Paths of the layers, oldest first, without the template's scratch disk. */
  readonly layers: readonly string[]
  readonly pauseMs: number
}

/** Writes a snapshot into the staging folder. A failure leaves nothing there, and the machine runs again if it still can. */
export async function takeSnapshot(
  parts: QemuParts,
  id: MachineId,
  plan: DriverSnapshotPlan,
  { signal }: Cancellable = {},
): Promise<DriverSnapshot> {
  const vmm = parts.vmms.require(id)
  if (vmm.state !== 'running')
    throw driverError('Misconfigured', `machine ${id} is paused; only a running machine can be snapshotted`)
  const staging = parts.layout.staging(plan.snapshotId)
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { recursive: true, mode: 0o700 })
  try {
    const facts = await parts.facts()
    await vmm.qmp()
    const { quiesce, frozen } = await (plan.mode === 'live'
      ? snapshotLive(parts, vmm, staging, plan, signal)
      : snapshotTemplate(parts, vmm, staging, plan))
    signal?.throwIfAborted()
    const disk = await collectLayers(frozen.layers, staging)
    const files = [snapshotFiles.ram, snapshotFiles.deviceState, ...disk]
    await (await parts.launcher.client()).fsync([...files.map((file) => join(staging, file)), staging])
    return {
      artifacts: await digestFiles(staging, files, parts.hash),
      quality: quiesce.result === 'failed' ? 'crash-consistent' : 'memory+disk',
      quiesce,
      compatibility: compatibilityOf(facts, vmm.record.guestKernel),
      layers: { disk, memory: frozen.memory, network: vmm.record.netBackend },
      pauseMs: frozen.pauseMs,
    }
  } catch (error) {
    await rm(staging, { recursive: true, force: true })
    throw asDriverError(error, id)
  }
}

/** Everything that takes time is prepared while the machine runs. */
async function snapshotLive(parts: QemuParts, vmm: Vmm, staging: string, plan: DriverSnapshotPlan, signal?: AbortSignal) {
  await flattenDisk(parts, vmm)
  const [overlay] = await Promise.all([prepareOverlay(parts, vmm), prepareMemory(parts, vmm, staging)])
  try {
    signal?.throwIfAborted()
    const quiesce = await plan.quiesce()
    try {
      return { quiesce, frozen: await freezeLive(parts, vmm, staging, overlay) }
    } finally {
      await plan.unquiesce()
    }
  } finally {
    await discardOverlay(parts, vmm, overlay)
  }
}

/** stop → disk, memory and device state side by side → cont. */
async function freezeLive(parts: QemuParts, vmm: Vmm, staging: string, overlay: DiskLayer): Promise<Frozen> {
  const qmp = await vmm.qmp()
  const layers = vmm.record.disk.slice(1).map(({ path }) => path)
  const began = parts.clock.monotonicMs()
  await qmp.execute('stop', {})
  parts.failpoint('snapshot.paused')
  const [memory, disk] = await Promise.allSettled([
    captureMemory(parts, vmm, staging),
    switchOverlay(vmm, overlay).then(() => saveDeviceState(parts, vmm)),
  ])
  parts.failpoint('snapshot.captured')
  await qmp.execute('cont', {})
  const pauseMs = parts.clock.monotonicMs() - began
  if (memory.status === 'rejected') throw memory.reason
  if (disk.status === 'rejected') throw disk.reason
  await takeDeviceState(parts, vmm, staging)
  return { memory: memory.value, layers, pauseMs }
}

/** The machine ends here: its memory file has become the base that clones map. */
async function snapshotTemplate(parts: QemuParts, vmm: Vmm, staging: string, plan: DriverSnapshotPlan) {
  const quiesce = await plan.quiesce()
  return { quiesce, frozen: await freezeTemplate(parts, vmm, staging, plan.snapshotId) }
}

async function freezeTemplate(parts: QemuParts, vmm: Vmm, staging: string, id: SnapshotId): Promise<Frozen> {
  const qmp = await vmm.qmp()
  const layers = vmm.record.disk.slice(1).map(({ path }) => path)
  const began = parts.clock.monotonicMs()
  await qmp.execute('stop', {})
  await saveDeviceState(parts, vmm)
  const pauseMs = parts.clock.monotonicMs() - began
  await takeDeviceState(parts, vmm, staging)
  vmm.ending = true
  await (await parts.launcher.client()).kill(vmm.record.id, constants.signals.SIGKILL)
  await vmm.gone
  const memory = await keepTemplateMemory(parts, vmm, staging, id)
  parts.failpoint('build.memory_kept')
  return { memory, layers, pauseMs }
}

/** QEMU writes it into the machine's own folder, the only one it may write to. */
async function saveDeviceState(parts: QemuParts, vmm: Vmm): Promise<void> {
  const qmp = await vmm.qmp()
  const filename = join(parts.layout.machine(vmm.record.id), snapshotFiles.deviceState)
  await qmp.execute('xen-save-devices-state', { filename, live: false })
}

async function takeDeviceState(parts: QemuParts, vmm: Vmm, staging: string): Promise<void> {
  const from = join(parts.layout.machine(vmm.record.id), snapshotFiles.deviceState)
  await (await parts.launcher.client()).copy({ from, to: join(staging, snapshotFiles.deviceState), mode: 0o400 })
  await rm(from)
}

/** Layers are shared by hard links: whoever is removed first takes only its own name with it. */
async function collectLayers(paths: readonly string[], staging: string): Promise<string[]> {
  return Promise.all(
    paths.map(async (path, index) => {
      const name = `layer-${index}.qcow2`
      await link(path, join(staging, name))
      return name
    }),
  )
}

function asDriverError(error: unknown, id: MachineId): unknown {
  if (isHearthError(error) || (error instanceof Error && error.name === 'AbortError')) return error
  return driverError('Unavailable', `machine ${id} could not be snapshotted: ${messageOf(error)}`, { cause: error })
}

/** Makes a staged snapshot visible. */
export async function publishStaged(parts: QemuParts, id: SnapshotId): Promise<void> {
  const target = parts.layout.snapshot(id)
  await rename(parts.layout.staging(id), target)
  await (await parts.launcher.client()).fsync([parts.layout.snapshots])
}
