import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arrivals, largestBurst } from './arrivals.ts'
import { poissonQuantile, recommendScale } from './recommend.ts'
import { replayArrivals } from './replay.ts'

const costs = { launchCostMs: 1000, concurrency: 2 }
const bounds = { smallest: 0, largest: 20, targetHitRate: 0.99 }

describe('a recommended scale', () => {
  it('keeps the smallest pool where nobody comes', () => {
    expect(recommendScale({ ...costs, arrivalsPerSecond: 0, largestBurst: 0 }, bounds)).toEqual({ min: 0, max: 1 })
  })

  it('covers what arrives while one entry is made, and the largest burst', () => {
    const scale = recommendScale({ ...costs, arrivalsPerSecond: 1, largestBurst: 9 }, bounds)
    // P(X ≤ 4) of a Poisson variable with mean 1 is 0.9963; P(X ≤ 3) is 0.981.
    expect(scale).toEqual({ min: 5, max: 10 })
  })

  it('is as large as allowed where more is wanted than can be made', () => {
    expect(recommendScale({ ...costs, arrivalsPerSecond: 3, largestBurst: 6 }, bounds)).toEqual({ min: 20, max: 20 })
  })

  it('stays within its bounds, and grows with demand', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 50, noNaN: true }), fc.integer({ min: 0, max: 200 }), (rate, burst) => {
        const scale = recommendScale({ ...costs, arrivalsPerSecond: rate, largestBurst: burst }, bounds)
        const more = recommendScale({ ...costs, arrivalsPerSecond: rate * 2, largestBurst: burst * 2 }, bounds)
        expect(scale.min).toBeGreaterThanOrEqual(bounds.smallest)
        expect(scale.max).toBeLessThanOrEqual(bounds.largest)
        expect(scale.max).toBeGreaterThanOrEqual(scale.min)
        expect(more.min).toBeGreaterThanOrEqual(scale.min)
        expect(more.max).toBeGreaterThanOrEqual(scale.max)
      }),
    )
  })
})

describe('a quantile of the Poisson distribution', () => {
  it.each([
    [1, 0.5, 1],
    [1, 0.99, 4],
    [10, 0.95, 15],
    [0, 0.99, 0],
  ])('of mean %d at %d is %d', (mean, share, quantile) => expect(poissonQuantile(mean, share)).toBe(quantile))
})

describe('a replay', () => {
  it('serves a burst as far as the pool reaches', () => {
    const burst = [0, 0, 0, 0, 0, 0]
    expect(replayArrivals(burst, { min: 1, max: 4 }, costs)).toMatchObject({ launches: 6, hits: 4 })
  })

  it('serves all of a demand that refill keeps up with', () => {
    const steady = Array.from({ length: 100 }, (_, index) => index * 1000)
    expect(replayArrivals(steady, { min: 3, max: 4 }, costs)).toMatchObject({ hits: 100, hitRate: 1 })
  })

  it('counts what stood idle', () => {
    expect(replayArrivals([0, 10_000], { min: 0, max: 2 }, costs).idleMachineSeconds).toBe(10)
    expect(replayArrivals([], { min: 0, max: 2 }, costs)).toMatchObject({ hitRate: 1, idleMachineSeconds: 0 })
  })

  it('never serves fewer from a larger pool, and never more than came', () => {
    const moments = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 }).map((all) => all.sort((a, b) => a - b))
    fc.assert(
      fc.property(moments, fc.integer({ min: 1, max: 10 }), (arrivals, max) => {
        const small = replayArrivals(arrivals, { min: max, max }, costs)
        const large = replayArrivals(arrivals, { min: max + 1, max: max + 1 }, costs)
        expect(small.hits).toBeLessThanOrEqual(arrivals.length)
        expect(large.hits).toBeGreaterThanOrEqual(small.hits)
      }),
    )
  })
})

it('remembers launches within its window', () => {
  const arrivals = new Arrivals(10_000, -100_000)
  for (const at of [0, 5_000, 9_000, 9_500]) arrivals.add(at)
  expect(arrivals.recent(10_001)).toEqual([5_000, 9_000, 9_500])
  expect(arrivals.demand(10_001, costs)).toMatchObject({ arrivalsPerSecond: 0.3, largestBurst: 2 })
  expect(largestBurst([], 1000)).toBe(0)
})
