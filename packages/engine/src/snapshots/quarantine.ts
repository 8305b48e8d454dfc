import type { SnapshotId } from '@hearth/model'
import type { Context } from '../context.ts'

/** Takes a damaged snapshot out of use; its clones that already run are not touched. */
export async function quarantine(context: Context, id: SnapshotId, failure: string): Promise<void> {
  context.log.error('snapshot.quarantined', { snapshot: id, failure })
  await context.rows.snapshots.change(id, (row) => (row.state === 'ready' ? { state: 'quarantined', failure } : undefined))
}
