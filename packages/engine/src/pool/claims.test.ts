import { ManualClock } from '@hearth/conformance'
import { expect, it } from 'vitest'
import { Claims } from './claims.ts'

const never = new AbortController().signal
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function isQuiet(quiet: Promise<void>): Promise<boolean> {
  let over = false
  void quiet.then(() => {
    over = true
  })
  await turn()
  return over
}

it('is quiet at once where nobody claims', async () => {
  expect(await isQuiet(new Claims(new ManualClock()).quiet(never))).toBe(true)
})

it('is quiet a moment after the last claim has ended', async () => {
  const clock = new ManualClock()
  const claims = new Claims(clock)
  const [first, second] = [claims.begin(), claims.begin()]
  const quiet = claims.quiet(never)
  first()
  first()
  expect(await isQuiet(quiet)).toBe(false)
  second()
  await turn()
  clock.advance(149)
  expect(await isQuiet(quiet)).toBe(false)
  clock.advance(1)
  expect(await isQuiet(quiet)).toBe(true)
  expect(clock.sleeping).toBe(0)
})

it('waits no longer than a second', async () => {
  const clock = new ManualClock()
  const claims = new Claims(clock)
  claims.begin()
  const quiet = claims.quiet(never)
  clock.advance(999)
  expect(await isQuiet(quiet)).toBe(false)
  clock.advance(1)
  expect(await isQuiet(quiet)).toBe(true)
  // The claim goes on; who has stopped waiting for it is not remembered.
  expect(claims.waiting).toBe(0)
})

it('gives up with its signal', async () => {
  const claims = new Claims(new ManualClock())
  claims.begin()
  const abort = new AbortController()
  const quiet = claims.quiet(abort.signal)
  abort.abort(new Error('enough'))
  await expect(quiet).rejects.toThrow('enough')
})
