import type { BootReport } from '../machine.ts'
import type { SnapshotKind } from '../snapshot.ts'

/** What can happen to a pool's machines and to those who want one. */
export type PoolHappening =
  | 'adopted'
  | 'created'
  | 'create_failed'
  | 'claimed'
  | 'claim_failed'
  | 'evicted'
  | 'validation_failed'
  | 'refill_run'
  | 'missed'

/**
 * Told what the engine did, for metrics and traces. Calls are cheap and never throw: they lie on the claim path.
 * Times are milliseconds; whoever exports them converts.
 */
export interface EngineMeter {
  /** A launch has ended well; `startedAt` is the wall clock, for traces. */
  launched(launch: {
    readonly machine: string
    readonly driver: string
    readonly template: string
    readonly startedAt: number
    readonly boot: BootReport
  }): void
  launchFailed(launch: { readonly driver: string; readonly code: string; readonly tookMs: number }): void
  /** A snapshot is ready, or has failed. */
  snapshotEnded(snapshot: {
    readonly kind: SnapshotKind
    readonly driver: string
    readonly outcome: 'ready' | 'failed'
    readonly tookMs: number
    readonly pauseMs?: number
    readonly sizeBytes?: number
  }): void
  /** A driver refused or failed; `kind` is one of DESIGN section 4's words. */
  driverFailed(failure: { readonly driver: string; readonly operation: string; readonly kind: string }): void
  cleanerRan(run: {
    readonly outcome: 'ok' | 'failed'
    readonly removed: number
    readonly freedBytes: number
    readonly tookMs: number
  }): void
  reconcileRan(run: { readonly outcome: 'ok' | 'failed'; readonly changed: number; readonly tookMs: number }): void
  /** Once for each of them; `reason` of a miss is a boot reason. The levels of pools are asked of the engine. */
  pooled(happening: { readonly pool: string; readonly what: PoolHappening; readonly reason?: string }): void
  /** A snapshot's files were read again in the background. */
  scrubbed(scrub: { readonly outcome: 'ok' | 'damaged' | 'failed'; readonly bytes: number }): void
}
