import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'
import { withProgress } from '../output/progress.ts'

export interface SnapshotCopyOptions {
  readonly to?: string | undefined
  readonly tag?: string | undefined
  readonly label?: readonly string[] | undefined
  /** Milliseconds; 0: for ever. */
  readonly ttl?: number | undefined
  readonly pin?: true | undefined
}

/** `hearth snapshot copy SNAPSHOT`: prints the copy's id. */
export async function snapshotCopy(context: Context, id: string, options: SnapshotCopyOptions): Promise<void> {
  const { to, tag, label, ttl, pin } = options
  const request = {
    ...(to === undefined ? {} : { namespace: to }),
    ...(tag === undefined ? {} : { tag }),
    ...(label === undefined ? {} : { labels: parsePairs('--label', label) }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(pin ? { pinned: true } : {}),
    signal: context.signal,
  }
  const hearth = await context.connect()
  const snapshot = await withProgress(context, `copying ${id}`, () => hearth.snapshots.copy(id, request))
  context.print(snapshot, () => snapshot.id)
}
