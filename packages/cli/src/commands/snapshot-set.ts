import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'
import { snapshotText } from '../output/snapshot-text.ts'

export interface SnapshotSetOptions {
  /** `false`: none. */
  readonly tag?: string | false | undefined
  readonly label?: readonly string[] | undefined
  /** Milliseconds; 0: for ever. */
  readonly ttl?: number | undefined
  readonly pin?: boolean | undefined
}

/** `hearth snapshot set SNAPSHOT` */
export async function snapshotSet(context: Context, id: string, { tag, label, ttl, pin }: SnapshotSetOptions): Promise<void> {
  const changes = {
    ...(tag === undefined ? {} : { tag: tag === false ? null : tag }),
    ...(label === undefined ? {} : { labels: parsePairs('--label', label) }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(pin === undefined ? {} : { pinned: pin }),
  }
  if (Object.keys(changes).length === 0) throw usageError('what is to be changed?', 'Name --tag, --label, --ttl or --pin.')
  const hearth = await context.connect()
  const snapshot = await hearth.snapshots.update(id, { ...changes, signal: context.signal })
  context.print(snapshot, () => snapshotText(snapshot))
}
