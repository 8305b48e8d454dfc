import { ManualClock } from '@hearth/conformance'
import { expect, it } from 'vitest'
import { LinkedAbort, withDeadline } from './abort.ts'

const limit = { limitMs: 1000, what: 'the work' }

it('gives the result and leaves no timer behind', async () => {
  const clock = new ManualClock()
  expect(await withDeadline(clock, limit, undefined, async () => 'done')).toBe('done')
  await Promise.resolve()
  expect(clock.sleeping).toBe(0)
})

it('ends work that ignores its signal, with an error that names it', async () => {
  const clock = new ManualClock()
  const work = withDeadline(clock, limit, undefined, () => new Promise(() => undefined))
  clock.advance(999)
  clock.advance(1)
  await expect(work).rejects.toMatchObject({ code: 'driver_timeout', message: 'the work took longer than 1000 ms' })
})

it('passes a cancellation on at once', async () => {
  const abort = new AbortController()
  const work = withDeadline(new ManualClock(), limit, abort.signal, () => new Promise(() => undefined))
  abort.abort()
  await expect(work).rejects.toMatchObject({ code: 'cancelled' })
  await expect(withDeadline(new ManualClock(), limit, abort.signal, async () => 'late')).rejects.toMatchObject({
    code: 'cancelled',
  })
})

it('does not listen to a signal any more once released', () => {
  const abort = new AbortController()
  const linked = new LinkedAbort(abort.signal)
  linked.release()
  abort.abort()
  expect(linked.signal.aborted).toBe(false)
})
