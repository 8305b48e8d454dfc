import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pacing } from './pacing.ts'
import { entriesToBegin } from './plan-refill.ts'

const settings = { concurrency: 8, startsPerMinute: 100, progressDeadlineMs: 60_000 }
const pacing = (change = {}) => new Pacing({ ...settings, ...change }, () => 0)

describe('a refill plan', () => {
  it.each([
    [{ fresh: 0, expiring: 0, making: 0 }, 4],
    [{ fresh: 1, expiring: 0, making: 0 }, 0],
    [{ fresh: 0, expiring: 0, making: 1 }, 0],
    [{ fresh: 0, expiring: 2, making: 0 }, 2],
    [{ fresh: 0, expiring: 4, making: 0 }, 1],
    [{ fresh: 0, expiring: 4, making: 1 }, 0],
  ])('with %j begins %d', (level, begun) => {
    expect(entriesToBegin({ ...level, scale: { min: 1, max: 4 } })).toBe(begun)
  })

  it('never makes more than max, but for one that takes the place of one that is soon too old', () => {
    const small = fc.integer({ min: 0, max: 30 })
    fc.assert(
      fc.property(small, small, small, small, fc.integer({ min: 1, max: 20 }), (fresh, expiring, making, min, max) => {
        const scale = { min: Math.min(min, max), max }
        const begun = entriesToBegin({ fresh, expiring, making, scale })
        const live = fresh + expiring + making
        if (begun > 0) expect(live + begun <= max || (begun === 1 && expiring > 0 && making === 0)).toBe(true)
        else expect(fresh + making >= scale.min || live >= max).toBe(true)
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
    expect(pace.pauseMs(1500)).toBe(60_000)
  })

  it('keeps to a rate', () => {
    const pace = pacing({ startsPerMinute: 2 })
    for (let n = 0; n < 3; n++) pace.succeeded(0)
    expect(pace.allow(20, 0, 0)).toBe(2)
    pace.begun(0)
    pace.begun(1)
    expect(pace.allow(20, 0, 59_999)).toBe(0)
    expect(pace.pauseMs(59_999)).toBe(1)
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
