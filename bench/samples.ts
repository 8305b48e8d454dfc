/** One measured thing: how long each try took, in milliseconds. A failure counts as infinite. */
export interface Samples {
  readonly name: string
  readonly samplesMs: number[]
}

export interface Summary {
  readonly name: string
  readonly n: number
  readonly failures: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly samplesMs: readonly number[]
}

export function summarise({ name, samplesMs }: Samples): Summary {
  return {
    name,
    n: samplesMs.length,
    failures: samplesMs.filter((sample) => !Number.isFinite(sample)).length,
    p50Ms: percentile(samplesMs, 50),
    p95Ms: percentile(samplesMs, 95),
    p99Ms: percentile(samplesMs, 99),
    samplesMs,
  }
}

/** The nearest-rank percentile; infinite when the rank falls on a failure. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1] ?? Number.NaN
}

/** The median of `left[i] / right[i]`: both sides of a pair ran next to each other, so the host's moods cancel out. */
export function medianPairRatio(left: readonly number[], right: readonly number[]): number {
  return percentile(
    left.map((value, index) => {
      const other = right[index] ?? Number.NaN
      // A failed peer proves nothing in our favour.
      return Number.isFinite(other) ? value / other : Number.POSITIVE_INFINITY
    }),
    50,
  )
}

/** How many times the median of `values` a peer's median is. A peer that failed proves nothing in our favour: 0. */
export function timesSlower(peer: readonly number[], values: readonly number[]): number {
  const median = percentile(peer, 50)
  return Number.isFinite(median) ? median / percentile(values, 50) : 0
}

/** Times one try; a rejection is a failure and is told to `onFailure`. */
export async function timed(run: () => Promise<unknown>, onFailure: (error: unknown) => void): Promise<number> {
  const began = performance.now()
  try {
    await run()
    return performance.now() - began
  } catch (error) {
    onFailure(error)
    return Number.POSITIVE_INFINITY
  }
}
