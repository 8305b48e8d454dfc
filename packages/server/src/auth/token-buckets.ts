import type { Clock } from '@hearth/model'

/** How a request fared against a limit. */
export interface Taken {
  readonly ok: boolean
  /** Requests each minute. */
  readonly limit: number
  /** Whole requests that are left now. */
  readonly remaining: number
  /** Until one more is there; 0 when there is one. */
  readonly retryAfterMs: number
  /** Until all are there again. */
  readonly resetMs: number
}

interface Bucket {
  tokens: number
  atMs: number
}

const minuteMs = 60_000

/** A bucket of tokens for each name: holds what a minute gives, and fills at that rate. Those least used are forgotten first. */
export class TokenBuckets {
  readonly #clock: Clock
  readonly #most: number
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, most = 10_000) {
    this.#clock = clock
    this.#most = most
  }

  /** Takes a token out of `name`'s bucket, where there is one. */
  take(name: string, perMinute: number): Taken {
    const bucket = this.#filled(name, perMinute)
    const ok = bucket.tokens >= 1
    if (ok) bucket.tokens -= 1
    this.#buckets.delete(name)
    this.#buckets.set(name, bucket)
    this.#dropOldest()
    return told(bucket, perMinute, ok)
  }

  /** How `take` would fare, and nothing taken. */
  look(name: string, perMinute: number): Taken {
    const bucket = this.#filled(name, perMinute)
    return told(bucket, perMinute, bucket.tokens >= 1)
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  #filled(name: string, perMinute: number): Bucket {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#buckets.get(name)
    if (known === undefined) return { tokens: perMinute, atMs: nowMs }
    const gained = ((nowMs - known.atMs) * perMinute) / minuteMs
    return { tokens: Math.min(perMinute, known.tokens + gained), atMs: nowMs }
  }

  #dropOldest(): void {
    const oldest = this.#buckets.size > this.#most ? this.#buckets.keys().next().value : undefined
    if (oldest !== undefined) this.#buckets.delete(oldest)
  }
}

function told({ tokens }: Bucket, perMinute: number, ok: boolean): Taken {
  const msEach = minuteMs / perMinute
  return {
    ok,
    limit: perMinute,
    remaining: Math.floor(tokens),
    retryAfterMs: Math.ceil(Math.max(0, 1 - tokens) * msEach),
    resetMs: Math.ceil((perMinute - tokens) * msEach),
  }
}
