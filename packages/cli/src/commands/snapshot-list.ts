import type { SnapshotFilter } from '@hearth/sdk'
import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'
import { snapshotTable } from '../output/snapshot-text.ts'

export interface SnapshotListOptions extends Pick<SnapshotFilter, 'machine' | 'template' | 'tag' | 'parent' | 'kind' | 'state'> {
  readonly label?: readonly string[] | undefined
  readonly pinned?: true | undefined
  /** Milliseconds. */
  readonly olderThan?: number | undefined
  readonly newerThan?: number | undefined
  readonly limit?: number | undefined
}

/** As many as a page may hold: fewer questions. */
const pageItems = 1000

/** `hearth snapshot list` */
export async function snapshotList(context: Context, options: SnapshotListOptions): Promise<void> {
  const { label, pinned, olderThan, newerThan, limit } = options
  const { machine, template, tag, parent, kind, state } = options
  const moment = (ageMs: number) => new Date(context.now() - ageMs)
  const filter = {
    ...definedOf({ machine, template, tag, parent, kind, state }),
    ...(label === undefined ? {} : { labels: parsePairs('--label', label) }),
    ...(pinned ? { pinned } : {}),
    ...(olderThan === undefined ? {} : { createdBefore: moment(olderThan) }),
    ...(newerThan === undefined ? {} : { createdAfter: moment(newerThan) }),
    limit: Math.min(limit ?? pageItems, pageItems),
    signal: context.signal,
  }
  const hearth = await context.connect()
  const snapshots = await hearth.snapshots.list(filter).toArray(limit)
  context.print(snapshots, () => snapshotTable(snapshots, context.now()))
}

function definedOf<T extends object>(values: T): { [Key in keyof T]: NonNullable<T[Key]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
