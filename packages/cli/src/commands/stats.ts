import type { MachineStatsResource } from '@hearth/sdk'
import type { Context } from '../context.ts'
import { facts } from '../output/table.ts'
import { duration, size } from '../output/units.ts'

/** `hearth stats MACHINE` */
export async function stats(context: Context, ref: string): Promise<void> {
  const hearth = await context.connect()
  const data = await hearth.machines.ref(ref).stats({ signal: context.signal })
  context.print(data, () => statsText(data))
}

function statsText({ host, guest }: MachineStatsResource): string {
  return facts([
    ['process', host.pid],
    ['memory of its own', size(host.anonymousBytes)],
    ['resident memory', size(host.residentBytes)],
    ['CPU time', duration(host.cpuMs)],
    ['guest memory', guest && `${size(guest.memAvailableBytes)} of ${size(guest.memTotalBytes)} available`],
    ['guest disk', guest && `${size(guest.diskUsedBytes)} of ${size(guest.diskTotalBytes)} used`],
    ['guest CPU', guest && `${guest.cpuCount} vCPU, busy ${duration(guest.cpuBusyMs)}`],
    ['guest processes', guest?.processes],
  ])
}
