import { HearthError } from '@hearth/model'
import { expect, it } from 'vitest'
import { Turns } from './turns.ts'

const reason = new HearthError('cancelled', 'enough')

function held() {
  const gate = Promise.withResolvers<void>()
  return { wait: () => gate.promise, open: gate.resolve }
}

it('gives turns in the order they were asked for, and goes on after a failure', async () => {
  const turns = new Turns()
  const order: number[] = []
  const gate = held()
  const first = turns.take('a', [], async () => {
    await gate.wait()
    order.push(1)
    throw new Error('first')
  })
  const second = turns.take('a', [], async () => order.push(2))
  const elsewhere = turns.take('b', [], async () => order.push(3))
  await elsewhere
  gate.open()
  await expect(first).rejects.toThrow('first')
  await second
  expect(order).toEqual([3, 1, 2])
  await turns.idle()
})

it('interrupts what runs and what waits, and not what comes later', async () => {
  const turns = new Turns()
  const running = turns.take(
    'a',
    [],
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  )
  const waiting = turns.take('a', [], async () => 'never')
  turns.interrupt('a', reason)
  const later = turns.take('a', [], async () => 'later')
  await expect(running).rejects.toBe(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(await later).toBe('later')
})

it('does not interrupt what insists, so that ending a machine twice ends it once for both', async () => {
  const turns = new Turns()
  const gate = held()
  const running = turns.take('a', [], gate.wait)
  const first = turns.insist('a', async () => 'ended')
  turns.interrupt('a', reason)
  const second = turns.insist('a', async () => 'ended already')
  gate.open()
  await running
  expect(await Promise.all([first, second])).toEqual(['ended', 'ended already'])
})

it('does not begin what was cancelled while it waited', async () => {
  const turns = new Turns()
  const gate = held()
  const abort = new AbortController()
  const running = turns.take('a', [], gate.wait)
  const waiting = turns.take('a', [abort.signal], async () => 'never')
  abort.abort()
  gate.open()
  await running
  await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
})
