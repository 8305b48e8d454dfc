import type { PoolSettings } from '@hearth/model'

const firstBackoffMs = 500
const longestBackoffMs = 60_000
const minuteMs = 60_000

type Pace = Pick<PoolSettings, 'concurrency' | 'startsPerMinute' | 'progressDeadlineMs'>

/**
 * How fast entries may be begun: one at first, twice as many after each success up to the pool's concurrency;
 * after a failure none until a pause is over that doubles each time, with jitter so that many pools do not try in step.
 */
export class Pacing {
  readonly #random: () => number
  #settings: Pace
  #width = 1
  #failures = 0
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #begun: number[] = []
  /** Since when entries are wanted and none was made. */
  #strivingSinceMs: number | undefined
  #lastFailure: string | undefined

  /** `random` gives numbers from 0 to 1, without 1. */
  constructor(settings: Pace, random: () => number) {
    this.#settings = settings
    this.#random = random
  }

  change(settings: Pace): void {
    this.#settings = settings
  }

  /** How many of `wanted` may be begun now, beside `making` others. */
  allow(wanted: number, making: number, nowMs: number): number {
    if (wanted > 0) this.#strivingSinceMs ??= nowMs
    else if (making === 0) this.#strivingSinceMs = undefined
    if (nowMs < this.#notBeforeMs) return 0
    this.#begun = this.#begun.filter((at) => at > nowMs - minuteMs)
    const width = Math.min(this.#width, this.#settings.concurrency) - making
    const rate = this.#settings.startsPerMinute - this.#begun.length
    return Math.max(0, Math.min(wanted, width, rate))
  }

  begun(nowMs: number): void {
    this.#begun.push(nowMs)
  }

  succeeded(nowMs: number): void {
    this.#width = Math.min(this.#width * 2, this.#settings.concurrency)
    this.#failures = 0
    this.#lastFailure = undefined
    this.#notBeforeMs = Number.NEGATIVE_INFINITY
    this.#strivingSinceMs = nowMs
  }

  failed(reason: string, nowMs: number): void {
    this.#width = 1
    const pauseMs = Math.min(firstBackoffMs * 2 ** this.#failures, longestBackoffMs)
    this.#failures += 1
    this.#lastFailure = reason
    this.#notBeforeMs = nowMs + pauseMs * (1 + this.#random() / 2)
  }

  /** Whether the last one that was made failed. */
  get isFailing(): boolean {
    return this.#failures > 0
  }

  /** How long until one may be begun, beside none, in milliseconds; 0 when it may now. */
  pauseMs(nowMs: number): number {
    const oldest = this.#begun.at(-this.#settings.startsPerMinute)
    const rated = oldest === undefined ? nowMs : oldest + minuteMs
    return Math.max(0, this.#notBeforeMs - nowMs, rated - nowMs)
  }

  /** Why nothing comes although entries are wanted; `undefined` while all is well or it is too early to say. */
  notProgressing(nowMs: number): string | undefined {
    if (this.#strivingSinceMs === undefined) return undefined
    if (nowMs - this.#strivingSinceMs < this.#settings.progressDeadlineMs) return undefined
    return this.#lastFailure ?? 'no entry was made in time'
  }
}
