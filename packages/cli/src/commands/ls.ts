import type { Context } from '../context.ts'
import { machineTable } from '../output/machine-text.ts'

/** `hearth ls` */
export async function ls(context: Context, all: boolean): Promise<void> {
  const hearth = await context.connect()
  const machines = (await hearth.machines.list({ all, signal: context.signal })).map((machine) => machine.data)
  context.print(machines, () => machineTable(machines, context.now()))
}
