import { constants } from 'node:os'
import { isHearthError } from '@hearth/model'
import { watchProcess } from '../launcher/child-process.ts'
import type { LauncherClient } from '../launcher/launcher-client.ts'
import type { MemoryFiles } from './memory-files.ts'
import type { Vmm, Vmms } from './vmms.ts'

/**
 * Makes a launcher the one that tells of the end of every machine. What died while none did is told of now; memory files that
 * the one before held are forgotten.
 */
export async function takeOver(launcher: LauncherClient, vmms: Vmms, memory: MemoryFiles): Promise<void> {
  vmms.listen(launcher)
  await memory.adopt(launcher)
  await Promise.all(vmms.all().map((vmm) => watchAgain(launcher, vmms, vmm)))
}

async function watchAgain(launcher: LauncherClient, vmms: Vmms, vmm: Vmm): Promise<void> {
  if (vmm.exit) return
  const { id } = vmm.record
  if (!(await watchProcess(launcher, id, vmm.record))) return vmms.lost(vmm)
  if (!vmm.ending) return
  // Whoever is ending it asked a launcher that is no more, and waits.
  await launcher.kill(id, constants.signals.SIGKILL).catch((error: unknown) => {
    if (!isHearthError(error, 'driver_not_found')) throw error
  })
}
