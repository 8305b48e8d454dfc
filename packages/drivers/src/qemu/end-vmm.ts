import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { isHearthError, type MachineId, messageOf } from '@hearth/model'
import { endChild, watchProcess } from '../launcher/child-process.ts'
import { machineFiles } from './layout.ts'
import { readRecord } from './machine-record.ts'
import { disconnectOutside } from './outside-network.ts'
import type { QemuParts } from './parts.ts'
import { QmpClient } from './qmp/qmp-client.ts'

/** Ends a machine's process and removes everything it had on this host. Succeeds when there is nothing. */
export function endVmm(parts: QemuParts, id: MachineId): Promise<void> {
  return parts.launcher.persist(() => end(parts, id))
}

async function end(parts: QemuParts, id: MachineId): Promise<void> {
  const directory = parts.layout.machine(id)
  const known = parts.vmms.get(id)
  const vmm = known ?? (await adoptForEnding(parts, id, directory))
  if (vmm) {
    vmm.ending = true
    if (!vmm.exit) {
      await kill(parts, id)
      await vmm.gone
    }
    parts.failpoint('end.killed')
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

/** Killed between the spawn and the writing of the record: only the launcher knows of it, or nobody. */
async function endUnrecorded(parts: QemuParts, id: MachineId): Promise<undefined> {
  const launcher = await parts.launcher.client()
  if ((await launcher.list()).some((child) => child.id === id)) await endChild(launcher, id)
  else await askToQuit(join(parts.layout.machine(id), machineFiles.qmp))
  await parts.memory.drop(id)
  return undefined
}

/** A launcher that was killed in the midst of a spawn could not tell the pid; who holds the socket is its child. */
async function askToQuit(socket: string): Promise<void> {
  try {
    const qmp = await QmpClient.open(socket)
    await qmp.execute('quit', {})
    await qmp.closed
  } catch (error) {
    // Nobody is there, or not any more.
    if (!isHearthError(error, 'driver_unavailable')) throw error
  }
}
