import { readFile } from 'node:fs/promises'
import { driverError, type MachineStats } from '@hearth/model'
import type { Vmm } from './vmms.ts'

/** USER_HZ is 100 on every Linux that QEMU runs on (proc(5)). */
const msPerTick = 10

/** What a machine's process costs the host, from /proc. @throws `driver_not_found` when it has just ended */
export async function vmmStats(vmm: Vmm): Promise<MachineStats> {
  const { pid, id } = vmm.record
  try {
    const [rollup, stat] = await Promise.all([
      readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    const kiB = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0)
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    return { pid, anonymousBytes: kiB('Anonymous') * 1024, residentBytes: kiB('Rss') * 1024, cpuMs: ticks * msPerTick }
  } catch (error) {
    throw driverError('NotFound', `machine ${id} has no process`, { cause: error })
  }
}
