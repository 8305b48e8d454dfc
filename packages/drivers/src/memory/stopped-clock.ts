import type { Clock } from '@hearth/model'

/** The time of a guest in a snapshot: it does not pass. */
export function stoppedClock(nowMs: number): Clock {
  return {
    now: () => nowMs,
    monotonicMs: () => 0,
    sleep: (_ms, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  }
}
