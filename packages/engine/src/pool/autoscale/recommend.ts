/** What is known of the demand for a pool. */
export interface Demand {
  /** Launches that wanted a machine of the pool, each a second on average. */
  readonly arrivalsPerSecond: number
  /** The largest number of them within one launch cost. */
  readonly largestBurst: number
  /** How long one entry takes to make, in milliseconds. */
  readonly launchCostMs: number
  /** Entries made at the same time. */
  readonly concurrency: number
}

export interface ScaleBounds {
  readonly smallest: number
  readonly largest: number
  /** The share of launches that a pool should serve, above 0 and below 1. */
  readonly targetHitRate: number
}

export interface Scale {
  readonly min: number
  readonly max: number
}

/**
 * How large a pool must be so that at most a share of 1 − `targetHitRate` of launches finds it empty. While one entry is made,
 * launches arrive like a Poisson process: `min` covers what arrives then, `max` the largest burst that was seen too.
 */
export function recommendScale(demand: Demand, bounds: ScaleBounds): Scale {
  const { smallest, largest, targetHitRate } = bounds
  if (demand.arrivalsPerSecond === 0) return { min: smallest, max: Math.max(1, smallest) }
  const arriving = (demand.arrivalsPerSecond * demand.launchCostMs) / 1000
  // With more demand than can be made, nothing but the bound helps.
  const keepsUp = demand.concurrency / (demand.launchCostMs / 1000) > demand.arrivalsPerSecond
  const covered = keepsUp ? poissonQuantile(arriving, targetHitRate) + 1 : largest
  const min = clamp(covered, smallest, largest)
  return { min, max: clamp(Math.max(min, demand.largestBurst + 1), Math.max(1, smallest), largest) }
}

/** The smallest n with P(X ≤ n) ≥ `share`, X being Poisson with `mean`. */
export function poissonQuantile(mean: number, share: number): number {
  // Beyond this the terms underflow, and the normal approximation is exact enough.
  if (mean > 500) return Math.ceil(mean + 4 * Math.sqrt(mean))
  let term = Math.exp(-mean)
  let sum = term
  let n = 0
  while (sum < share && n < mean + 40 * (1 + Math.sqrt(mean))) {
    n += 1
    term *= mean / n
    sum += term
  }
  return n
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}
