import { rm } from 'node:fs/promises'
import { constants } from 'node:os'
import { type MachineId, messageOf } from '@hearth/model'
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
      await parts.launcher.kill(id, constants.signals.SIGKILL).catch((error: unknown) => {
        parts.log.debug('vmm.kill.missed', { machine: id, error: messageOf(error) })
      })
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

/** A process that an earlier server started and nobody took over. */
async function adoptForEnding(parts: QemuParts, id: MachineId, directory: string) {
  const record = await readRecord(directory)
  if (!record) return endUnrecorded(parts, id)
  const alive = await watchProcess(parts, id, record.pid, record.startTime)
  if (!alive) {
    await disconnectOutside(parts, id)
    if (!record.restoredFrom) await parts.memory.drop(record.memory)
    return undefined
  }
  return parts.vmms.enter(record)
}

/** Makes the launcher report the end of a process, whether it started it or not. Says whether it lives. */
export async function watchProcess(parts: QemuParts, id: string, pid: number, startTime: number): Promise<boolean> {
  const children = await parts.launcher.list()
  if (children.some((child) => child.id === id && child.pid === pid)) return true
  try {
    await parts.launcher.adopt({ id, pid, startTime })
    return true
  } catch {
    return false // ESRCH: no such process, or another one with its number
  }
}

/** Killed between the spawn and the writing of the record: only the launcher knows of it. */
async function endUnrecorded(parts: QemuParts, id: MachineId): Promise<undefined> {
  const child = (await parts.launcher.list()).find((one) => one.id === id)
  if (child) {
    const gone = Promise.withResolvers<void>()
    const stop = parts.launcher.onExit((exit) => {
      if (exit.id === id) gone.resolve()
    })
    await parts.launcher.kill(id, constants.signals.SIGKILL)
    await gone.promise
    stop()
  }
  await parts.memory.drop(id)
  return undefined
}
