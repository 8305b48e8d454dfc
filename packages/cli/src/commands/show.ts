import type { Context } from '../context.ts'
import { machineText } from '../output/machine-text.ts'

/** `hearth show MACHINE` */
export async function show(context: Context, ref: string): Promise<void> {
  const hearth = await context.connect()
  const { data } = await hearth.machines.get(ref, { signal: context.signal })
  context.print(data, () => machineText(data))
}
