import type { Context } from '../context.ts'
import { each } from './each.ts'

/** `hearth key rm KEY…` */
export async function keyRm(context: Context, ids: readonly string[]): Promise<void> {
  const { keys } = await context.connect()
  await each(context, ids, (id) => keys.revoke(id, { signal: context.signal }))
}
