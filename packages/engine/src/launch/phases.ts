import type { Clock } from '@hearth/model'

/** Where the time of a launch went: each mark ends a phase; a phase that is met twice is summed. */
export class Phases {
  readonly #clock: Clock
  /** The wall clock's time. */
  readonly startedAt: number
  readonly #startedMs: number
  readonly #spent: Record<string, number> = {}
  #last: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.startedAt = clock.now()
    this.#startedMs = clock.monotonicMs()
    this.#last = this.#startedMs
  }

  end(phase: string): void {
    const now = this.#clock.monotonicMs()
    this.#spent[phase] = rounded((this.#spent[phase] ?? 0) + now - this.#last)
    this.#last = now
  }

  report(): { readonly phasesMs: Readonly<Record<string, number>>; readonly totalMs: number } {
    return { phasesMs: { ...this.#spent }, totalMs: rounded(this.#clock.monotonicMs() - this.#startedMs) }
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
