import type { Context } from '../context.ts'
import { snapshotTreeText } from '../output/snapshot-tree-text.ts'

/** `hearth snapshot tree SNAPSHOT` */
export async function snapshotTree(context: Context, id: string): Promise<void> {
  const hearth = await context.connect()
  const tree = await hearth.snapshots.tree(id, { signal: context.signal })
  context.print(tree, () => snapshotTreeText(tree, context.now()))
}
