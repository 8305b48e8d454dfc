import { describe, expect, it } from 'vitest'
import { medianPairRatio, percentile, summarise, timesSlower } from './samples.ts'

describe('samples', () => {
  it('takes the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([50, 95, 99, 100].map((percent) => percentile(values, percent))).toEqual([50, 95, 99, 100])
    expect(percentile([7], 99)).toBe(7)
  })

  it('counts a failure as infinite', () => {
    expect(summarise({ name: 'x', samplesMs: [1, Number.POSITIVE_INFINITY, 2] })).toMatchObject({
      failures: 1,
      p50Ms: 2,
      p99Ms: Number.POSITIVE_INFINITY,
    })
  })

  it('compares pairs, not totals', () => {
    expect(medianPairRatio([10, 200, 30], [10, 100, 10])).toBe(2)
    expect(medianPairRatio([10], [Number.POSITIVE_INFINITY])).toBe(Number.POSITIVE_INFINITY)
  })

  it('gives no credit for a peer that failed', () => {
    expect(timesSlower([300, 500, 400], [100, 50, 80])).toBe(5)
    expect(timesSlower([Number.POSITIVE_INFINITY], [80])).toBe(0)
    expect(timesSlower([400], [Number.POSITIVE_INFINITY])).toBe(0)
  })
})
