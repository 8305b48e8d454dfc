import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { MachineId } from '@hearth/model'

/** Far above the users and the sub-user ranges that distributions hand out (shadow's SUB_UID_MAX is 600,100,000). */
const firstUid = 1_500_000_000
const uidCount = 500_000_000

/** Whether every VMM can run as a user of its own, and if not why. */
export interface VmmUsers {
  readonly separate: boolean
  readonly note: string
}

/** Separate users need a root that hands them out and a path to `machines/` that strangers may walk. */
export async function vmmUsers(machinesDirectory: string): Promise<VmmUsers> {
  if (process.getuid?.() !== 0) return { separate: false, note: 'VMM processes run as the user of the server' }
  for (let path = machinesDirectory; path !== '/'; path = dirname(path)) {
    const { mode } = await stat(path)
    if ((mode & 0o001) === 0) {
      return { separate: false, note: `VMM processes run as root: other users may not enter ${path}` }
    }
  }
  return { separate: true, note: 'each VMM process runs as a user of its own' }
}

/** The user of one machine's VMM; the same for its whole life. */
export function uidOf(id: MachineId): number {
  return firstUid + (createHash('sha256').update(id).digest().readUInt32BE(0) % uidCount)
}
