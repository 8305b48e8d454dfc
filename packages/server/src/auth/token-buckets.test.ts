import { ManualClock } from '@hearth/conformance'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { network } from './limits.ts'
import { TokenBuckets } from './token-buckets.ts'

describe('a bucket', () => {
  it('never gives more than a minute at once and its rate from then on, nor less', () => {
    const aStep = fc.record({ waitMs: fc.nat(5000), asks: fc.nat(20) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.array(aStep, { maxLength: 30 }), (perMinute, steps) => {
        const clock = new ManualClock()
        const buckets = new TokenBuckets(clock)
        let given = 0
        for (const { waitMs, asks } of steps) {
          clock.advance(waitMs)
          for (let n = 0; n < asks; n++) {
            const taken = buckets.take('a', perMinute)
            if (taken.ok) given++
            const earned = perMinute + (clock.monotonicMs() * perMinute) / 60_000
            expect(given).toBeLessThanOrEqual(earned + 1e-6)
            if (!taken.ok) expect(taken.retryAfterMs).toBeGreaterThan(0)
          }
        }
      }),
    )
  })

  it('has a token again after the time it told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), (perMinute) => {
        const clock = new ManualClock()
        const buckets = new TokenBuckets(clock)
        for (let n = 0; n < Math.min(perMinute, 200); n++) buckets.take('a', perMinute)
        const { ok, retryAfterMs } = buckets.look('a', perMinute)
        if (ok) return
        clock.advance(retryAfterMs)
        expect(buckets.take('a', perMinute).ok).toBe(true)
      }),
    )
  })

  it('that nobody asked for long is forgotten first', () => {
    const buckets = new TokenBuckets(new ManualClock(), 2)
    buckets.take('a', 1)
    buckets.take('b', 1)
    buckets.take('a', 1)
    buckets.take('c', 1)
    expect([buckets.size, buckets.look('a', 1).ok, buckets.look('b', 1).ok]).toEqual([2, false, true])
  })
})

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0001::', '2001:db8:1:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['', ''],
])('%s is of %s', (address, whole) => {
  expect(network(address)).toBe(whole)
})
