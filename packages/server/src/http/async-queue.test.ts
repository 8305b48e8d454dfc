import { expect, it } from 'vitest'
import { AsyncQueue } from './async-queue.ts'

it('gives what was pushed, before and while it is read, and ends', async () => {
  const queue = new AsyncQueue<number>()
  queue.push(1)
  const read = Array.fromAsync(queue)
  queue.push(2)
  queueMicrotask(() => {
    queue.push(3)
    queue.end()
    queue.push(4)
  })
  expect(await read).toEqual([1, 2, 3])
})

it('says when there is no room', () => {
  const queue = new AsyncQueue<number>(2)
  expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false])
})
