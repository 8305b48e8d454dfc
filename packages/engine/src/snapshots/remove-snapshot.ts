import { HearthError, isHearthError, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { endMachine } from '../machines/end-machine.ts'
import { mustBeHere } from '../machines/find-machine.ts'
import { dependents, eraseSnapshot } from './erase-snapshot.ts'

export interface RemoveOptions {
  /** Ends the machines that run from it. */
  readonly force?: boolean
  /** Asked at the last moment: why it is kept after all. */
  readonly unless?: (now: Snapshot) => string | undefined
}

/** @throws HearthError `snapshot_in_use`, `wrong_host`, `state_conflict` while it is being made */
export async function removeSnapshot(context: Context, row: Snapshot, options: RemoveOptions = {}): Promise<void> {
  const { snapshotUses, rows } = context
  mustBeHere(context, row)
  if (row.state === 'creating') throw new HearthError('state_conflict', `snapshot ${row.id} is being made`)
  if (!snapshotUses.beginRemoval(row.id)) throw inUse(row.id, 'it is being removed already')
  try {
    await refuseDependents(context, row)
    const clones = snapshotUses.of(row.id)
    if (clones.length > 0 && !options.force) throw inUse(row.id, `${clones.length} machines run from it`, clones)
    await Promise.all(clones.map((clone) => endMachine(context, clone)))
    if (!snapshotUses.isIdle(row.id)) throw inUse(row.id, 'it is being read')
    await rows.snapshots.change(row.id, (now) => {
      const why = options.unless?.(now)
      if (why) throw inUse(row.id, why)
      return now.state === 'deleting' ? undefined : { state: 'deleting' }
    })
    await eraseSnapshot(context, row)
  } catch (error) {
    // The last clone's end may have collected it already, when it is a fork's.
    if (!isHearthError(error, 'snapshot_not_found')) throw error
  } finally {
    snapshotUses.endRemoval(row.id)
  }
}

async function refuseDependents(context: Context, row: Snapshot): Promise<void> {
  const children = await dependents(context, row.id)
  if (children.length > 0) throw inUse(row.id, `${children.length} snapshots build on it`, children)
}

function inUse(id: string, why: string, users: readonly string[] = []): HearthError {
  return new HearthError('snapshot_in_use', `snapshot ${id} is in use: ${why}`, {
    hint: 'End what uses it first; "force" ends its machines.',
    details: { users: users.slice(0, 50) },
  })
}
