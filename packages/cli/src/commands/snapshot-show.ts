import type { Context } from '../context.ts'
import { snapshotText } from '../output/snapshot-text.ts'

/** `hearth snapshot show SNAPSHOT` */
export async function snapshotShow(context: Context, id: string): Promise<void> {
  const hearth = await context.connect()
  const snapshot = await hearth.snapshots.get(id, { signal: context.signal })
  context.print(snapshot, () => snapshotText(snapshot))
}
