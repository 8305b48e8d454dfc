import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pacing } from './pacing.ts'
import { entriesToBegin } from './plan-refill.ts'

const settings = { concurrency: 8, startsPerMinute: 100, progressDeadlineMs: 60_000 }
const pacing = (change = {}) => new Pacing({ ...settings, ...change }, () => 0)

describe('a refill plan', () => {
  it.each([
    [0, 0, 4],
    [1, 0, 0],
    [0, 1, 0],
    [0, 4, 0],
  ])('with %d ready and %d on their way begins %d', (ready, making, begun) => {
    expect(entriesToBegin({ ready, making, settings: { min: 1, max: 4 } })).toBe(begun)
  })

  it('never makes more than max', () => {
    const small = fc.integer({ min: 0, max: 30 })
    fc.assert(
      fc.property(small, small, small, fc.integer({ min: 1, max: 20 }), (ready, making, min, max) => {
        const level = { ready, making, settings: { min: Math.min(min, max), max } }
        const begun = entriesToBegin(level)
        if (begun > 0) expect(ready + making + begun).toBe(max)
        else expect(ready + making).toBeGreaterThanOrEqual(level.settings.min)
      }),
    )
  })
})

describe('pacing', () => {
  it('starts slowly and doubles with each success', () => {
    const pace = pacing()
    const widths = [0, 1, 2, 3, 4].map(() => {
      const width = pace.allow(20, 0, 0)
      pace.succeeded(0)
      return width
    })
    expect(widths).toEqual([1, 2, 4, 8, 8])
  })

  it('counts what is being made', () => {
    const pace = pacing()
    for (let n = 0; n < 3; n++) pace.succeeded(0)
    expect(pace.allow(20, 5, 0)).toBe(3)
    expect(pace.allow(2, 0, 0)).toBe(2)
  })

  it('pauses longer after each failure, and starts slowly again', () => {
    const pace = pacing()
    pace.succeeded(0)
    pace.failed('the disk is full', 0)
    expect(pace.allow(20, 0, 499)).toBe(0)
    expect(pace.allow(20, 0, 500)).toBe(1)
    pace.failed('the disk is full', 500)
    expect(pace.allow(20, 0, 1499)).toBe(0)
    expect(pace.allow(20, 0, 1500)).toBe(1)
    for (let n = 0; n < 40; n++) pace.failed('the disk is full', 1500)
    expect(pace.notBeforeMs).toBe(61_500)
  })

  it('keeps to a rate', () => {
    const pace = pacing({ startsPerMinute: 2 })
    for (let n = 0; n < 3; n++) pace.succeeded(0)
    expect(pace.allow(20, 0, 0)).toBe(2)
    pace.begun(0)
    pace.begun(1)
    expect(pace.allow(20, 0, 59_999)).toBe(0)
    expect(pace.allow(20, 0, 60_000)).toBe(1)
  })

  it('says when it makes no progress, and why', () => {
    const pace = pacing()
    pace.allow(4, 0, 0)
    pace.failed('no such file', 10)
    expect(pace.notProgressing(59_999)).toBeUndefined()
    expect(pace.notProgressing(60_000)).toBe('no such file')
    pace.succeeded(60_001)
    expect(pace.notProgressing(60_001)).toBeUndefined()
    pace.allow(0, 0, 70_000)
    expect(pace.notProgressing(700_000)).toBeUndefined()
  })
})
