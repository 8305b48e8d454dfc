import type { BootReason } from '@hearth/model'

/** What a pool has done since the server started; every number only grows. */
export interface PoolCounters {
  readonly hits: number
  readonly misses: Readonly<Partial<Record<BootReason, number>>>
  readonly created: number
  readonly createFailed: number
  readonly claimed: number
  readonly evicted: number
  readonly validationFailures: number
  readonly refillRuns: number
}

type Count = Exclude<keyof PoolCounters, 'misses'>

/** Counts. */
export class PoolStats {
  readonly #counts: Record<Count, number> = {
    hits: 0,
    created: 0,
    createFailed: 0,
    claimed: 0,
    evicted: 0,
    validationFailures: 0,
    refillRuns: 0,
  }
  readonly #misses: Partial<Record<BootReason, number>> = {}

  add(what: Count, count = 1): void {
    this.#counts[what] += count
  }

  missed(reason: BootReason): void {
    this.#misses[reason] = (this.#misses[reason] ?? 0) + 1
  }

  read(): PoolCounters {
    return { ...this.#counts, misses: { ...this.#misses } }
  }
}
