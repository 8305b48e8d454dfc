import type { Snapshot, SnapshotFilter, StateStore } from '@hearth/model'
import { throwIfAborted } from '../time/abort.ts'

/** Few enough that reading them keeps no launch waiting. */
const rowsAtOnce = 200

/** All snapshots that fit, newest first, a few rows at a time. */
export async function* everySnapshot(
  store: Pick<StateStore, 'snapshots'>,
  filter: SnapshotFilter,
  signal: AbortSignal,
): AsyncGenerator<Snapshot> {
  let cursor: string | undefined
  do {
    throwIfAborted(signal)
    const { items, next } = await store.snapshots.page(filter, { limit: rowsAtOnce, ...(cursor !== undefined && { cursor }) })
    yield* items
    cursor = next
  } while (cursor !== undefined)
}
