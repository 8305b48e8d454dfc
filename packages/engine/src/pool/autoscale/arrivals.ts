import type { Demand } from './recommend.ts'

/** Most launches that are remembered for one pool. */
const mostRemembered = 10_000
/** A rate that was seen for less than this says nothing. */
const shortestWatchMs = 30_000

/** When launches wanted a machine of a pool, hit or miss; what autoscale reckons with and replays. */
export class Arrivals {
  readonly windowMs: number
  #atMs: number[] = []
  readonly #sinceMs: number

  constructor(windowMs: number, nowMs: number) {
    this.windowMs = windowMs
    this.#sinceMs = nowMs
  }

  add(nowMs: number): void {
    this.#atMs.push(nowMs)
    if (this.#atMs.length >= 2 * mostRemembered) this.#atMs = this.#atMs.slice(-mostRemembered)
  }

  /** Those within the window that ends now, in order. */
  recent(nowMs: number): readonly number[] {
    const begin = nowMs - this.windowMs
    const first = this.#atMs.findIndex((at) => at > begin)
    this.#atMs = first < 0 ? [] : this.#atMs.slice(first)
    return this.#atMs
  }

  /** Whether there is anything to reckon with: launches, or a whole window without one. */
  isTelling(nowMs: number): boolean {
    return this.recent(nowMs).length > 0 || nowMs - this.#sinceMs >= this.windowMs
  }

  /** The demand within the window, or since the first look when that was later. */
  demand(nowMs: number, costs: { readonly launchCostMs: number; readonly concurrency: number }): Demand {
    const recent = this.recent(nowMs)
    const watchedMs = Math.min(this.windowMs, Math.max(shortestWatchMs, nowMs - this.#sinceMs))
    return {
      ...costs,
      arrivalsPerSecond: recent.length / (watchedMs / 1000),
      largestBurst: largestBurst(recent, costs.launchCostMs),
    }
  }
}

/** The largest number of moments within any span of `spanMs`; the moments are in order. */
export function largestBurst(momentsMs: readonly number[], spanMs: number): number {
  let largest = 0
  let first = 0
  for (const [last, at] of momentsMs.entries()) {
    while ((momentsMs[first] ?? at) <= at - spanMs) first += 1
    largest = Math.max(largest, last - first + 1)
  }
  return largest
}
