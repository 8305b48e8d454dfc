import type { Context } from '../context.ts'
import { each } from './each.ts'

/** `hearth snapshot rm SNAPSHOT…` */
export async function snapshotRm(context: Context, ids: readonly string[], force: boolean): Promise<void> {
  const { snapshots } = await context.connect()
  await each(context, ids, (id) => snapshots.remove(id, { force, signal: context.signal }))
}
