import type { Context } from '../context.ts'
import { snapshotTable } from '../output/snapshot-text.ts'

export interface SnapshotListOptions {
  readonly machine?: string | undefined
  readonly template?: string | undefined
}

/** `hearth snapshot list` */
export async function snapshotList(context: Context, { machine, template }: SnapshotListOptions): Promise<void> {
  const hearth = await context.connect()
  const filter = { ...(machine === undefined ? {} : { machine }), ...(template === undefined ? {} : { template }) }
  const snapshots = await hearth.snapshots.list({ ...filter, signal: context.signal })
  context.print(snapshots, () => snapshotTable(snapshots, context.now()))
}
