import type { Cancellable, Pool, Resources } from '@hearth/model'
import type { PoolSettingsChange } from './check-settings.ts'
import type { PoolCounters } from './pool-stats.ts'
import type { RolloutRequest } from './rollout.ts'

/** What a pool is to be; what is absent stays as it was, or takes the default. */
export interface PoolRequest {
  /** A template's name, or `NAME@VERSION`; without a version the newest ready one. */
  readonly template?: string
  /** The template's when absent. */
  readonly resources?: Partial<Resources>
  readonly settings?: PoolSettingsChange
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

/** A pool and how it stands. */
export interface PoolStatus {
  readonly pool: Pool
  readonly refill: RefillState
  /** Why nothing comes, in the words of the last failure. */
  readonly reason?: string
  readonly depth: number
  readonly making: number
  /** What refill aims at: `max`, or 0 when draining. */
  readonly target: number
  readonly oldestAgeMs?: number
  readonly counters: PoolCounters
}

export interface EnginePools {
  /** By name. */
  list(): Promise<PoolStatus[]>
  /** @throws HearthError `pool_not_found` */
  get(name: string): Promise<PoolStatus>
  /**
   * Registers a pool, or changes it: its settings, or the version its new entries are made of.
   * @throws HearthError `invalid_input`, `template_not_found`, `state_conflict` for a template that is not ready, `driver_misconfigured`
   */
  set(name: string, request: PoolRequest): Promise<PoolStatus>
  /** Fills it up to `max` and resolves when it is full. @throws HearthError `pool_not_found`, `driver_unavailable` when it makes no progress */
  warm(name: string, options?: Cancellable): Promise<PoolStatus>
  /** Its entries go and no new ones come, until it is `set` again. */
  drain(name: string): Promise<PoolStatus>
  /**
   * Tries a new template version on canaries; it takes over when they were validated, else everything stays as it was.
   * @throws HearthError `pool_not_found`, `template_not_found`, `state_conflict`, `invalid_input`
   */
  rollOut(name: string, request: RolloutRequest): Promise<PoolStatus>
  /** @throws HearthError `state_conflict` when nothing is being rolled out */
  abortRollout(name: string): Promise<PoolStatus>
  /** Unregisters it and ends its entries. @throws HearthError `pool_not_found` */
  remove(name: string): Promise<void>
}
