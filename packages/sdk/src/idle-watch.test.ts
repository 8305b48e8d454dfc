import { expect, it, vi } from 'vitest'
import { IdleWatch } from './idle-watch.ts'

/** Bytes after each of these pauses, in milliseconds; then silence, until the signal is aborted. */
async function* bytes(signal: AbortSignal, ...pauses: number[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const pauseMs of [...pauses, undefined]) {
    await new Promise((resolve, reject) => {
      if (pauseMs !== undefined) setTimeout(resolve, pauseMs)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    yield Uint8Array.of(1)
  }
}

it('ends a connection that is silent for too long, and none that is only slow', async () => {
  vi.useFakeTimers()
  const watch = new IdleWatch(100, undefined)
  const seen: number[] = []
  const reading = (async () => {
    for await (const chunk of watch.over(bytes(watch.signal, 90, 90, 90))) seen.push(chunk.byteLength)
  })()
  const failed = expect(reading).rejects.toMatchObject({ name: 'HearthConnectionError', mayPass: true })
  await vi.advanceTimersByTimeAsync(300)
  expect(seen).toEqual([1, 1, 1])
  await vi.advanceTimersByTimeAsync(80)
  await failed
  vi.useRealTimers()
})

it('does not count the time that the reader takes, and keeps no timer when the reader leaves', async () => {
  vi.useFakeTimers()
  const watch = new IdleWatch(100, undefined)
  const stream = watch.over(bytes(watch.signal, 0, 0))
  const first = stream.next()
  await vi.advanceTimersByTimeAsync(1)
  await first
  await vi.advanceTimersByTimeAsync(1000)
  expect([watch.signal.aborted, vi.getTimerCount()]).toEqual([false, 0])
  vi.useRealTimers()
})
