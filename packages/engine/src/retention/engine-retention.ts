import type { Cancellable, Name, SnapshotId } from '@hearth/model'

/** Why the cleaner removes a snapshot. */
export const removalReasons = ['expired', 'failed', 'keep_last', 'quota_count', 'quota_bytes'] as const
export type RemovalReason = (typeof removalReasons)[number]

/** A snapshot that the cleaner removes. */
export interface Removal {
  readonly snapshot: SnapshotId
  readonly namespace: Name
  readonly reason: RemovalReason
  readonly tag?: string
  readonly createdAt: number
  readonly sizeBytes: number
}

/** A snapshot that was to be removed and still exists. */
export interface FailedRemoval extends Removal {
  readonly failure: string
  /** Somebody began to use it, or pinned it, meanwhile: nothing is wrong. */
  readonly kept: boolean
}

export interface RetentionReport {
  /** Nothing was done: this is what would be. */
  readonly dryRun: boolean
  readonly startedAt: number
  readonly tookMs: number
  readonly removed: readonly Removal[]
  readonly failed: readonly FailedRemoval[]
  readonly freedBytes: number
  /** Namespaces that stay over a limit, for what they hold is pinned or in use. */
  readonly stillOver: readonly Name[]
  /** Old rows that were forgotten; absent in a dry run, for one namespace, and when another server looks after them. */
  readonly forgotten?: {
    readonly machines: number
    readonly events: number
    readonly audit: number
    readonly idempotency: number
  }
}

export interface RetentionOptions extends Cancellable {
  /** Only says what would be removed. */
  readonly dryRun?: boolean
  /** Snapshots of this namespace only, and no old rows; everything when absent. */
  readonly namespace?: string
}

/** Removes what nobody needs any more; on an interval by itself. */
export interface EngineRetention {
  /** Once, now; waits for a run that is under way. @throws HearthError `namespace_not_found`, `store_unavailable`, `cancelled` */
  run(options?: RetentionOptions): Promise<RetentionReport>
  /** What the last real run of this server did. */
  lastRun(): RetentionReport | undefined
}
