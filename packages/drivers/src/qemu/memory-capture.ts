import { chmod, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotId, SnapshotLayers } from '@hearth/model'
import { snapshotFiles } from './layout.ts'
import type { QemuParts } from './parts.ts'
import type { Vmm } from './vmms.ts'

/** The granularity in which a snapshot's memory is told from its base. */
const blockBytes = 64 * 1024

/**
 * Before the pause: the flat memory file begins as a sparse copy of what the machine maps, and the places of the pages that the
 * machine has written so far are made ready, which takes most of the work out of the pause.
 */
export async function prepareMemory(parts: QemuParts, vmm: Vmm, staging: string): Promise<void> {
  const ram = join(staging, snapshotFiles.ram)
  const launcher = await parts.launcher.client()
  const { restoredFrom, spec } = vmm.record
  const sizeBytes = spec.resources.memoryMiB * 1024 ** 2
  if (restoredFrom) {
    const base = join(parts.layout.snapshot(restoredFrom), snapshotFiles.ram)
    await parts.memory.use(restoredFrom, base, sizeBytes, () =>
      launcher.memfdSave({ id: restoredFrom, to: ram, mode: 0o600, durable: false }),
    )
  } else {
    await writeFile(ram, '', { mode: 0o600 })
    await truncate(ram, sizeBytes)
  }
  await launcher.capture({ id: vmm.record.id, match: memoryMapping(vmm), to: ram, blockBytes, warm: true })
}

/** In the pause: only the pages this machine has written go onto the copy. */
export async function captureMemory(parts: QemuParts, vmm: Vmm, staging: string): Promise<SnapshotLayers['memory']> {
  const ram = join(staging, snapshotFiles.ram)
  const launcher = await parts.launcher.client()
  const { blocks } = await launcher.capture({ id: vmm.record.id, match: memoryMapping(vmm), to: ram, blockBytes })
  await chmod(ram, 0o400)
  const { restoredFrom } = vmm.record
  return restoredFrom
    ? { file: snapshotFiles.ram, base: restoredFrom, changedBlocks: setBits(blocks) }
    : { file: snapshotFiles.ram }
}

/** A template wrote its memory file itself; it is saved, and loaded again, sealed, for the first clones. */
export async function keepTemplateMemory(
  parts: QemuParts,
  vmm: Vmm,
  staging: string,
  id: SnapshotId,
): Promise<SnapshotLayers['memory']> {
  const ram = join(staging, snapshotFiles.ram)
  const launcher = await parts.launcher.client()
  await launcher.memfdSave({ id: vmm.record.memory, to: ram, mode: 0o400 })
  const sizeBytes = vmm.record.spec.resources.memoryMiB * 1024 ** 2
  await parts.memory.load(id, ram, sizeBytes)
  return { file: snapshotFiles.ram }
}

/** How the memory of a machine is named in `/proc/PID/maps`. */
function memoryMapping(vmm: Vmm): string {
  return `/memfd:${vmm.record.memory}`
}

function setBits(bitmap: Uint8Array): number[] {
  const indices: number[] = []
  for (const [index, byte] of bitmap.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      if (byte & (1 << bit)) indices.push(index * 8 + bit)
    }
  }
  return indices
}
