import { type Change, HearthError, type Name, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import type { SnapshotChange } from './engine-snapshots.ts'
import { findSnapshot } from './find-snapshot.ts'
import { checkMarks } from './snapshot-input.ts'

/** Tag, labels, TTL and pin; of a snapshot in any state but `deleting`. */
export async function changeSnapshot(
  context: Context,
  namespace: Name,
  snapshot: string,
  { tag, ...others }: SnapshotChange,
  { ifRev }: { readonly ifRev?: number },
): Promise<Snapshot> {
  const marks = checkMarks({ ...others, ...(typeof tag === 'string' && { tag }) })
  const change: Change<Snapshot> = { ...marks, ...(tag === null && { tag: undefined }) }
  const known = await findSnapshot(context, namespace, snapshot)
  return context.rows.snapshots.change(
    known.id,
    (now) => {
      mustBeAt(now, ifRev, `snapshot ${now.id}`)
      if (now.state === 'deleting') throw context.rows.snapshots.missing(now.id)
      return Object.keys(change).length > 0 ? change : undefined
    },
    known,
  )
}

/** @throws HearthError `precondition_failed` */
export function mustBeAt(row: { readonly rev: number }, ifRev: number | undefined, what: string): void {
  if (ifRev === undefined || row.rev === ifRev) return
  throw new HearthError('precondition_failed', `${what} was changed meanwhile: it is at revision ${row.rev}, not ${ifRev}`, {
    hint: 'Read it again and decide anew.',
    details: { rev: row.rev },
  })
}
