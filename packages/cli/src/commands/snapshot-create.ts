import type { Context } from '../context.ts'
import { parsePairs } from '../input/pairs.ts'
import { withProgress } from '../output/progress.ts'
import { duration, size } from '../output/units.ts'

export interface SnapshotCreateOptions {
  readonly tag?: string | undefined
  readonly label?: readonly string[] | undefined
  /** Milliseconds; 0: for ever. */
  readonly ttl?: number | undefined
  readonly pin?: true | undefined
  readonly idempotencyKey?: string | undefined
}

/** `hearth snapshot create MACHINE`: prints the snapshot's id. */
export async function snapshotCreate(context: Context, ref: string, options: SnapshotCreateOptions): Promise<void> {
  const { tag, label, ttl, pin, idempotencyKey } = options
  const request = {
    ...(tag === undefined ? {} : { tag }),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
    ...(pin ? { pinned: true } : {}),
    labels: parsePairs('--label', label),
    idempotencyKey,
    signal: context.signal,
  }
  const hearth = await context.connect()
  const snapshot = await withProgress(context, `snapshotting ${ref}`, () => hearth.machines.ref(ref).snapshot(request))
  context.print(snapshot, () => snapshot.id)
  if (context.json || snapshot.pauseMs === undefined || snapshot.sizeBytes === undefined) return
  context.say(`${ref} stood still for ${duration(snapshot.pauseMs)}; ${size(snapshot.sizeBytes)}, ${snapshot.quality}`)
}
