import type { MachineFilter } from '@hearth/sdk'
import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'
import { machineTable } from '../output/machine-text.ts'

export interface LsOptions {
  readonly all?: true | undefined
  readonly state?: MachineFilter['state'] | undefined
  readonly template?: string | undefined
  readonly label?: readonly string[] | undefined
  readonly limit?: number | undefined
}

/** As many as a page may hold: fewer questions. */
const pageItems = 1000

/** `hearth ls` */
export async function ls(context: Context, { all, state, template, label, limit }: LsOptions): Promise<void> {
  const hearth = await context.connect()
  const filter = {
    ...(all ? { all } : {}),
    ...(state === undefined ? {} : { state }),
    ...(template === undefined ? {} : { template }),
    ...(label === undefined ? {} : { labels: parsePairs('--label', label) }),
    limit: Math.min(limit ?? pageItems, pageItems),
    signal: context.signal,
  }
  const machines = (await hearth.machines.list(filter).toArray(limit)).map((machine) => machine.data)
  context.print(machines, () => machineTable(machines, context.now()))
}
