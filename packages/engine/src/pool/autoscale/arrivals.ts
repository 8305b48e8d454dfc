import type { Demand } from './recommend.ts'

/** Most launches that are remembered for one pool. */
const mostRemembered = 10_000

/** When launches wanted a machine of a pool, hit or miss; what autoscale reckons with and replays. */
export class Arrivals {
  #atMs: number[] = []
  readonly #windowMs: number

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  add(nowMs: number): void {
    this.#atMs.push(nowMs)
    if (this.#atMs.length > mostRemembered) this.#atMs = this.#atMs.slice(-mostRemembered)
  }

  /** Those within the window that ends now, in order. */
  recent(nowMs: number): readonly number[] {
    const begin = nowMs - this.#windowMs
    const first = this.#atMs.findIndex((at) => at > begin)
    this.#atMs = first < 0 ? [] : this.#atMs.slice(first)
    return this.#atMs
  }

  /** The demand within the window. */
  demand(nowMs: number, costs: { readonly launchCostMs: number; readonly concurrency: number }): Demand {
    const recent = this.recent(nowMs)
    return {
      ...costs,
      arrivalsPerSecond: recent.length / (this.#windowMs / 1000),
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
