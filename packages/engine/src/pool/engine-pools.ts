import type { Cancellable, Pool, Progress, Resources } from '@hearth/model'
import type { ScalePlan, ScaleRequest } from './autoscale/plan-scale.ts'
import type { Scale } from './autoscale/recommend.ts'
import type { PoolSettingsChange } from './check-settings.ts'
import type { PoolFailure } from './pool-failure.ts'
import type { PoolCounters } from './pool-stats.ts'
import type { RolloutRequest } from './rollout.ts'

/** What a pool is to be; what is absent stays as it was, or takes the default. */
export interface PoolRequest {
  /** A template's name, or `NAME@VERSION`; without a version the newest ready one. */
  readonly template?: string
  /** The template's when absent. */
  readonly resources?: Partial<Resources>
  readonly settings?: PoolSettingsChange
  /** What is absent takes its default, whatever the pool has now. */
  readonly replace?: boolean
  /** Replace the entries of another version or snapshot at once, not as they age out. */
  readonly cutOver?: boolean
}

/** `elsewhere`: another server holds it. */
export type RefillState =
  | 'idle'
  | 'filling'
  | 'waiting_for_first_launch'
  | 'not_progressing'
  | 'host_full'
  | 'draining'
  | 'elsewhere'

/** What a pool has of one template version, while a new one takes the place of an old one. */
export interface PoolVersion {
  readonly version: number
  readonly ready: number
  /** Since the server started. */
  readonly hits: number
}

/** A pool and how it stands. */
export interface PoolStatus {
  readonly pool: Pool
  readonly refill: RefillState
  /** Why nothing comes, in the words of the last failure. */
  readonly reason?: string
  /** Stays until the server ends, also when all is well again. */
  readonly lastFailure?: PoolFailure
  readonly depth: number
  readonly making: number
  /** What refill aims at: `max`, or 0 when draining. */
  readonly target: number
  /** `min` and `max` as they are now: autoscale may have moved them. */
  readonly scale: Scale
  /** By version, lowest first. */
  readonly versions: readonly PoolVersion[]
  readonly oldestAgeMs?: number
  readonly counters: PoolCounters
}

/** With `ifRev` only when nobody else changed it; `precondition_failed` otherwise. */
export interface PoolChangeOptions {
  readonly ifRev?: number
}

export interface EnginePools {
  /** Takes over at once what no server holds any more; else that is found within the tending interval. */
  takeOver(): Promise<void>
  /** By name. */
  list(): Promise<PoolStatus[]>
  /** @throws HearthError `pool_not_found` */
  get(name: string): Promise<PoolStatus>
  /**
   * Registers a pool, or changes it: its settings, or the version its new entries are made of.
   * @throws HearthError `invalid_input`, `template_not_found`, `state_conflict` for a template that is not ready, `driver_misconfigured`
   */
  set(name: string, request: PoolRequest, options?: PoolChangeOptions): Promise<PoolStatus>
  /**
   * Fills it up to `max` and resolves when it is full; what is made already stays when it is cancelled.
   * @throws HearthError `pool_not_found`, `driver_unavailable` when it makes no progress, `driver_busy` when the host has no memory for it, `cancelled`
   */
  warm(name: string, options?: Cancellable & { readonly progress?: Progress }): Promise<PoolStatus>
  /** Its entries go and no new ones come, until it is `set` again. */
  drain(name: string, options?: PoolChangeOptions): Promise<PoolStatus>
  /**
   * Tries a new template version on canaries; it takes over when they were validated, else everything stays as it was.
   * @throws HearthError `pool_not_found`, `template_not_found`, `state_conflict`, `invalid_input`
   */
  rollOut(name: string, request: RolloutRequest, options?: PoolChangeOptions): Promise<PoolStatus>
  /** Ends a roll-out; one on probation is rolled back. @throws HearthError `state_conflict` when nothing is being rolled out */
  abortRollout(name: string): Promise<PoolStatus>
  /** What autoscale would do now, and how that would have served the launches that were recorded. Changes nothing. */
  planScale(name: string, request?: ScaleRequest): Promise<ScalePlan>
  /** Unregisters it and ends its entries. @throws HearthError `pool_not_found` */
  remove(name: string, options?: PoolChangeOptions): Promise<void>
}
