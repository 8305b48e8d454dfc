import type { Context } from '../context.ts'
import { keyTable } from '../output/key-text.ts'

/** `hearth key list` */
export async function keyList(context: Context, all: boolean): Promise<void> {
  const hearth = await context.connect()
  const keys = await hearth.keys.list({ all, signal: context.signal })
  context.print(keys, () => keyTable(keys, context.now()))
}
