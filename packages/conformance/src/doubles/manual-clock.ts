import type { Clock } from '@hearth/model'

interface Sleeper {
  readonly dueMs: number
  readonly wake: () => void
}

/** A clock that stands still until it is turned. */
export class ManualClock implements Clock {
  #nowMs: number
  readonly #startMs: number
  readonly #sleepers = new Set<Sleeper>()

  constructor(startMs = 1_795_400_000_000) {
    this.#nowMs = startMs
    this.#startMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper: Sleeper = { dueMs: this.#nowMs + ms, wake: () => settle(resolve) }
      const onAbort = () => settle(() => reject(signal?.reason))
      const settle = (then: () => void) => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', onAbort)
        then()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#sleepers.add(sleeper)
    })
  }

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Turns the clock; whoever was due wakes, the earliest first. */
  advance(ms: number): void {
    this.#nowMs += ms
    const due = [...this.#sleepers].filter((each) => each.dueMs <= this.#nowMs).sort((a, b) => a.dueMs - b.dueMs)
    for (const { wake } of due) wake()
  }

  /** Turns the clock to the next sleeper that wakes within `withinMs`. False when there is none. */
  advanceToNext(withinMs: number): boolean {
    const next = Math.min(...[...this.#sleepers].map((each) => each.dueMs))
    if (!(next <= this.#nowMs + withinMs)) return false
    this.advance(Math.max(0, next - this.#nowMs))
    return true
  }
}
