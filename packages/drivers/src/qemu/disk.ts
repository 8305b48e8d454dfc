import { chmod, chown, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { driverError, messageOf } from '@hearth/model'
import { type DiskLayer, writeRecord } from './machine-record.ts'
import type { QemuParts } from './parts.ts'
import { copyEmptyOverlay, overlayLayer } from './start-vmm.ts'
import type { Vmm } from './vmms.ts'

/** Longer chains make every read of the guest slower. */
const maxLayers = 8
const streamDeadlineMs = 600_000

/** Before the pause: an empty overlay that QEMU has open already. */
export async function prepareOverlay(parts: QemuParts, vmm: Vmm): Promise<DiskLayer> {
  const { record } = vmm
  const layer = overlayLayer(parts.layout.machine(record.id), record.overlays, record.disk.length + record.overlays)
  vmm.record = { ...record, overlays: record.overlays + 1, prepared: layer }
  await writeRecord(parts.layout.machine(record.id), vmm.record)
  await copyEmptyOverlay(parts, record.spec, layer.path)
  if (record.uid !== undefined) await chown(layer.path, record.uid, record.uid)
  const qmp = await vmm.qmp()
  await qmp.execute('blockdev-add', {
    driver: 'file',
    'node-name': layer.fileNode,
    filename: layer.path,
    locking: 'off',
    cache: { 'no-flush': true },
    discard: 'unmap',
  })
  await qmp.execute('blockdev-add', {
    driver: 'qcow2',
    'node-name': layer.node,
    backing: null,
    discard: 'unmap',
    file: layer.fileNode,
  })
  return layer
}

/** In the pause, in constant time: the machine goes on in `overlay`; what it wrote so far is an immutable layer. */
export async function switchOverlay(vmm: Vmm, overlay: DiskLayer): Promise<void> {
  const old = vmm.record.disk.at(-1)
  if (!old) throw driverError('Misconfigured', `machine ${vmm.record.id} has no disk`)
  const qmp = await vmm.qmp()
  await qmp.execute('blockdev-snapshot', { node: old.node, overlay: overlay.node })
  vmm.record = { ...vmm.record, disk: [...vmm.record.disk, overlay] }
}

/** After the pause: notes the new layer, or takes back an overlay that was not switched to. */
export async function discardOverlay(parts: QemuParts, vmm: Vmm, overlay: DiskLayer): Promise<void> {
  if (vmm.exit) return
  const { prepared: _prepared, ...record } = vmm.record
  vmm.record = record
  if (record.disk.includes(overlay)) {
    const frozen = record.disk.at(-2)
    if (frozen) await chmod(frozen.path, 0o400)
  } else await forgetLayer(parts, vmm, overlay)
  await writeRecord(parts.layout.machine(record.id), record)
}

/** For a machine whose server died during a snapshot: QEMU knows whether it goes on in the overlay that was made ready. */
export async function settleOverlay(parts: QemuParts, vmm: Vmm): Promise<void> {
  const { prepared, disk } = vmm.record
  if (!prepared) return
  const qmp = await vmm.qmp()
  const devices = await qmp.execute('query-block', {})
  const isSwitched = devices.some(({ inserted }) => inserted?.['node-name'] === prepared.node)
  if (isSwitched) vmm.record = { ...vmm.record, disk: [...disk, prepared] }
  await discardOverlay(parts, vmm, prepared)
}

/** While the machine runs: too long a chain becomes the template's disk and one overlay. */
export async function flattenDisk(parts: QemuParts, vmm: Vmm): Promise<void> {
  const { disk } = vmm.record
  if (disk.length - 1 < maxLayers) return
  const [base, ...rest] = disk
  const top = rest.pop()
  if (!base || !top) return
  await streamInto(vmm, top, base)
  vmm.record = { ...vmm.record, disk: [base, top] }
  await writeRecord(parts.layout.machine(vmm.record.id), vmm.record)
  for (const layer of rest.reverse()) await forgetLayer(parts, vmm, layer)
}

async function streamInto(vmm: Vmm, top: DiskLayer, base: DiskLayer): Promise<void> {
  const qmp = await vmm.qmp()
  const jobId = `flatten-${vmm.record.overlays}`
  const concluded = qmp.nextEvent(
    ({ event, data }) => event === 'JOB_STATUS_CHANGE' && data.id === jobId && data.status === 'concluded',
    streamDeadlineMs,
  )
  await Promise.all([
    concluded,
    qmp.execute('block-stream', { 'job-id': jobId, device: top.node, 'base-node': base.node, 'auto-dismiss': false }),
  ])
  const job = (await qmp.execute('query-jobs', {})).find(({ id }) => id === jobId)
  await qmp.execute('job-dismiss', { id: jobId })
  if (job?.error) throw driverError('Unavailable', `the disk of machine ${vmm.record.id} could not be flattened: ${job.error}`)
}

/** Takes a layer away from QEMU and, when it is the machine's own, from its folder; a snapshot has a name of its own for it. */
async function forgetLayer(parts: QemuParts, vmm: Vmm, layer: DiskLayer): Promise<void> {
  const qmp = await vmm.qmp()
  try {
    await qmp.execute('blockdev-del', { 'node-name': layer.node })
    await qmp.execute('blockdev-del', { 'node-name': layer.fileNode })
  } catch (error) {
    parts.log.warn('disk.layer.kept', { machine: vmm.record.id, node: layer.node, error: messageOf(error) })
  }
  if (dirname(layer.path) === parts.layout.machine(vmm.record.id)) await rm(layer.path, { force: true })
}
