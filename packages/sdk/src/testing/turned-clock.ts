import type { Clock } from '../clock.ts'

/** A clock on which every pause is over at once, and remembered. */
export class TurnedClock implements Clock {
  readonly slept: number[] = []
  time = Date.parse('2026-01-01T00:00:00Z')

  now(): number {
    return this.time
  }

  random(): number {
    return 1
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.slept.push(ms)
    this.time += ms
  }
}
