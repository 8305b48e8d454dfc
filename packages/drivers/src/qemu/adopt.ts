import { mkdir, rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { type DriverMachine, type MachineId, messageOf } from '@hearth/model'
import { watchProcess } from '../launcher/child-process.ts'
import { settleOverlay } from './disk.ts'
import { readRecord } from './machine-record.ts'
import { machinesIn, snapshotsIn } from './names-in.ts'
import type { QemuParts } from './parts.ts'

/** Takes over what an earlier process of ours left on this host, and sweeps what it was in the middle of. */
export async function adoptMachines(parts: QemuParts): Promise<DriverMachine[]> {
  const { layout } = parts
  await rm(layout.stagingRoot, { recursive: true, force: true })
  await Promise.all(
    [layout.templates, layout.snapshots, layout.stagingRoot].map((path) => mkdir(path, { recursive: true, mode: 0o700 })),
  )
  await mkdir(layout.machines, { recursive: true, mode: 0o711 })
  const ids = await machinesIn(layout)
  await Promise.all(ids.map((id) => adoptOne(parts, id)))
  await endStrangers(parts, new Set(ids))
  await dropStrayMemory(parts)
  return listMachines(parts)
}

/** Everything of ours on this host: running machines, and folders whose process is gone. */
export async function listMachines(parts: QemuParts): Promise<DriverMachine[]> {
  const ids = await machinesIn(parts.layout)
  return ids.map((id) => {
    const vmm = parts.vmms.get(id)
    if (!vmm || vmm.exit) return { id, state: 'ended' }
    const { restoredFrom } = vmm.record
    return { id, state: vmm.state, ...(restoredFrom ? { restoredFrom } : {}) }
  })
}

async function adoptOne(parts: QemuParts, id: MachineId): Promise<void> {
  const record = await readRecord(join(parts.layout.machine(id)))
  if (!record || !(await watchProcess(await parts.launcher.client(), id, record))) return
  const vmm = parts.vmms.enter(record)
  try {
    const qmp = await vmm.qmp()
    const { running } = await qmp.execute('query-status', {})
    vmm.state = running ? 'running' : 'paused'
    await settleOverlay(parts, vmm)
  } catch (error) {
    parts.log.warn('vmm.adopt.silent', { machine: id, error: messageOf(error) })
  }
}

/** Memory files that the launcher holds for machines and snapshots that never came to be, or are no more. */
async function dropStrayMemory(parts: QemuParts): Promise<void> {
  const snapshots = new Set<string>(await snapshotsIn(parts.layout))
  const mapped = new Set(parts.vmms.all().map(({ record }) => record.memory))
  const launcher = await parts.launcher.client()
  for (const { id } of await launcher.memfds()) {
    if (!snapshots.has(id) && !mapped.has(id)) await parts.memory.drop(id)
  }
}

/** Processes of ours whose folder is gone: nobody can reach them any more. */
async function endStrangers(parts: QemuParts, known: ReadonlySet<string>): Promise<void> {
  const launcher = await parts.launcher.client()
  for (const child of await launcher.list()) {
    const machine = child.id.replace(/\.net$/, '')
    if (!known.has(machine)) await launcher.kill(child.id, constants.signals.SIGKILL)
  }
}
