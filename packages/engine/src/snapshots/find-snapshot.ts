import { HearthError, type Name, parseSnapshotId, type Snapshot, type SnapshotManifest } from '@hearth/model'
import type { Context } from '../context.ts'

/** What is in another namespace is not there. @throws HearthError `snapshot_not_found`, `invalid_input` */
export async function findSnapshot(context: Pick<Context, 'rows'>, namespace: Name, text: string): Promise<Snapshot> {
  const found = await context.rows.snapshots.find(parseSnapshotId(text))
  if (found?.namespace !== namespace) throw context.rows.snapshots.missing(text)
  return found
}

/** A snapshot that can be read. */
export type ReadySnapshot = Snapshot & { readonly manifest: SnapshotManifest }

/** @throws HearthError `snapshot_not_ready` unless the snapshot is in one of `states` and has its files */
export function mustBeReady(row: Snapshot, ...states: readonly Snapshot['state'][]): ReadySnapshot {
  const { manifest } = row
  if (manifest && (states.length > 0 ? states : ['ready']).includes(row.state)) return { ...row, manifest }
  throw new HearthError('snapshot_not_ready', `snapshot ${row.id} is ${row.state}, not ready`, {
    ...(row.failure && { details: { failure: row.failure } }),
  })
}
