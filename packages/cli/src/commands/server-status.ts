import type { System } from '@hearth/sdk'
import type { Context } from '../context.ts'
import { facts } from '../output/table.ts'

/** `hearth server status`: never starts one. The exit code is 1 when none runs. */
export async function serverStatus(context: Context): Promise<number> {
  const hearth = await context.connectIfRunning()
  if (!hearth) {
    context.print({ running: false, home: context.home }, () => `no server runs for ${context.home}`)
    return 1
  }
  const system = await hearth.system.get({ signal: context.signal })
  context.print({ running: true, ...system }, () => statusText(system))
  return 0
}

function statusText(system: System): string {
  const drivers = system.drivers.flatMap((driver) => [
    [`driver ${driver.name}`, `${driver.usable ? 'usable' : 'not usable'}, ${driver.accelerator}, ${driver.version}`] as const,
    ...driver.problems.map(({ problem, fix }) => ['  problem', `${problem}: ${fix}`] as const),
    ...driver.notes.map((note) => ['  note', note] as const),
  ])
  return facts([
    ['version', system.version],
    ['process', system.pid],
    ['started', system.startedAt],
    ['home', system.home],
    ...drivers,
  ])
}
