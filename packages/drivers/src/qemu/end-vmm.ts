import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { type MachineId, messageOf } from '@hearth/model'
import { endChild, watchProcess } from '../launcher/child-process.ts'
import { readRecord } from './machine-record.ts'
import { disconnectOutside } from './outside-network.ts'
import type { QemuParts } from './parts.ts'

/** Ends a machine's process and removes everything it had on this host. Succeeds when there is nothing. */
export async function endVmm(parts: QemuParts, id: MachineId): Promise<void> {
  const directory = parts.layout.machine(id)
  const known = parts.vmms.get(id)
  const vmm = known ?? (await adoptForEnding(parts, id, directory))
  if (vmm) {
    vmm.ending = true
    if (!vmm.exit) {
      await kill(parts, id)
      await vmm.gone
    }
    await disconnectOutside(parts, id)
    await vmm.close()
    if (!vmm.record.restoredFrom) await parts.memory.drop(vmm.record.memory)
    parts.vmms.remove(id)
    await parts.memory.trim()
  }
  await rm(directory, { recursive: true, force: true })
}

/** When it fails the process has just ended, or the launcher: then the next one kills it. */
async function kill(parts: QemuParts, id: MachineId): Promise<void> {
  try {
    await (await parts.launcher.client()).kill(id, constants.signals.SIGKILL)
  } catch (error) {
    parts.log.debug('vmm.kill.missed', { machine: id, error: messageOf(error) })
  }
}

/** A process that an earlier server started and nobody took over. */
async function adoptForEnding(parts: QemuParts, id: MachineId, directory: string) {
  const record = await readRecord(directory)
  if (!record) return endUnrecorded(parts, id)
  const alive = await watchProcess(await parts.launcher.client(), id, record)
  if (!alive) {
    await disconnectOutside(parts, id)
    if (!record.restoredFrom) await parts.memory.drop(record.memory)
    return undefined
  }
  return parts.vmms.enter(record)
}

/** Killed between the spawn and the writing of the record: only the launcher knows of it. */
async function endUnrecorded(parts: QemuParts, id: MachineId): Promise<undefined> {
  const launcher = await parts.launcher.client()
  if ((await launcher.list()).some((child) => child.id === id)) await endChild(launcher, id)
  await parts.memory.drop(id)
  return undefined
}
