import type { BootReason, Clock, EngineMeter, MachineId, Name, PoolHappening } from '@hearth/model'
import type { PoolFailure } from './pool-failure.ts'

/**
 * What a pool has done since the server started; every number only grows. Nothing goes missing:
 * adopted + created = claimed + claimFailures + evicted + what is ready or in somebody's hands now.
 */
export interface PoolCounters {
  /** Launches that were given a machine of the pool; the same as `claimed`. */
  readonly hits: number
  /** Launches that were not, by the last reason. */
  readonly misses: Readonly<Partial<Record<BootReason, number>>>
  /** Machines that an earlier server left ready. */
  readonly adopted: number
  readonly created: number
  readonly createFailed: number
  readonly claimed: number
  /** Machines that failed whoever was to have them. */
  readonly claimFailures: number
  /** Machines that nobody got: too old, ended by themselves, or not wanted any more. */
  readonly evicted: number
  readonly validationFailures: number
  readonly refillRuns: number
}

const counts = {
  adopted: 'adopted',
  created: 'created',
  createFailed: 'create_failed',
  claimed: 'claimed',
  claimFailures: 'claim_failed',
  evicted: 'evicted',
  validationFailures: 'validation_failed',
  refillRuns: 'refill_run',
} as const satisfies Record<Exclude<keyof PoolCounters, 'misses' | 'hits'>, PoolHappening>

/** Counts, tells the meter, and remembers the last failure. */
export class PoolStats {
  readonly #pool: Name
  readonly #meter: EngineMeter
  readonly #clock: Pick<Clock, 'now'>
  readonly #counts = new Map<keyof typeof counts, number>()
  readonly #misses: Partial<Record<BootReason, number>> = {}
  readonly #hits = new Map<number, number>()
  #lastFailure: PoolFailure | undefined

  constructor(pool: Name, { meter, clock }: { readonly meter: EngineMeter; readonly clock: Pick<Clock, 'now'> }) {
    this.#pool = pool
    this.#meter = meter
    this.#clock = clock
  }

  /** Hits by template version. */
  get hitsByVersion(): ReadonlyMap<number, number> {
    return this.#hits
  }

  get lastFailure(): PoolFailure | undefined {
    return this.#lastFailure
  }

  add(what: keyof typeof counts): void {
    this.#counts.set(what, this.count(what) + 1)
    this.#meter.pooled({ pool: this.#pool, what: counts[what] })
  }

  count(what: keyof typeof counts): number {
    return this.#counts.get(what) ?? 0
  }

  claimed(version: number): void {
    this.add('claimed')
    this.#hits.set(version, (this.#hits.get(version) ?? 0) + 1)
  }

  missed(reason: BootReason): void {
    this.#misses[reason] = (this.#misses[reason] ?? 0) + 1
    this.#meter.pooled({ pool: this.#pool, what: 'missed', reason })
  }

  failed(stage: PoolFailure['stage'], reason: string, machine?: MachineId): void {
    this.#lastFailure = { at: this.#clock.now(), stage, reason, ...(machine && { machine }) }
  }

  read(): PoolCounters {
    const read = Object.fromEntries(Object.keys(counts).map((what) => [what, this.count(what as keyof typeof counts)]))
    const all = read as Record<keyof typeof counts, number>
    return { ...all, hits: all.claimed, misses: { ...this.#misses } }
  }
}

/** Of a pool that was never here. */
export const noCounters: PoolCounters = {
  hits: 0,
  misses: {},
  adopted: 0,
  created: 0,
  createFailed: 0,
  claimed: 0,
  claimFailures: 0,
  evicted: 0,
  validationFailures: 0,
  refillRuns: 0,
}
