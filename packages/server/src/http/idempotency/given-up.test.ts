import { expect, it } from 'vitest'
import { GivenUp } from './given-up.ts'

it('remembers for a minute, and never more than ten thousand', () => {
  let now = 0
  const givenUp = new GivenUp({ now: () => now, monotonicMs: () => now } as never)
  givenUp.add('first')
  now = 59_999
  expect(givenUp.has('first')).toBe(true)
  givenUp.add('second')
  now = 60_000
  expect([givenUp.has('first'), givenUp.has('second')]).toEqual([false, true])
  for (let count = 0; count < 10_000; count++) givenUp.add(String(count))
  expect([givenUp.has('second'), givenUp.has('9999')]).toEqual([false, true])
})
