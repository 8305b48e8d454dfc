import type { Snapshot, SnapshotId } from '@hearth/model'
import type { Context } from '../context.ts'

/** Removes a fork's snapshot when its last clone has ended and no other snapshot builds on it. */
export async function collectFork(context: Context, id: SnapshotId): Promise<void> {
  if (!context.snapshotUses.isIdle(id)) return
  const row = await context.rows.snapshots.find(id)
  if (row?.kind !== 'fork' || row.state === 'creating' || row.state === 'deleting') return
  if ((await dependents(context, id)).length > 0) return
  // Read again now that rows were awaited: a clone may have begun meanwhile, and from here on none can.
  if (!context.snapshotUses.isIdle(id) || !context.snapshotUses.beginRemoval(id)) return
  try {
    await eraseSnapshot(context, row)
  } finally {
    context.snapshotUses.endRemoval(id)
  }
}

/** The snapshots that have `id` as their parent: their layers may lie in its files. */
export async function dependents(context: Pick<Context, 'store'>, id: SnapshotId): Promise<SnapshotId[]> {
  return (await context.store.snapshots.children(id)).map((each) => each.id)
}

/** Files first, then the row; the row says `deleting` meanwhile, so that a restart finishes the work. */
export async function eraseSnapshot(context: Context, row: Snapshot): Promise<void> {
  const { rows, drivers } = context
  await rows.snapshots.change(row.id, (now) => (now.state === 'deleting' ? undefined : { state: 'deleting' }), row)
  context.failpoint('remove_snapshot.deleting')
  const owners = row.manifest ? [drivers.of(row.manifest.driver)] : drivers.all
  for (const driver of owners) await driver.removeSnapshot(row.id)
  context.failpoint('remove_snapshot.files_gone')
  await rows.snapshots.remove(row.id)
  if (row.parent) await collectFork(context, row.parent)
}
