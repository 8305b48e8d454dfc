import type { Clock } from '@hearth/model'

/** Refill waits no longer than this for claims to end, in milliseconds. */
const longestWaitMs = 1000
/** What was handed out is used at once: its first program runs in this time, and refilling beside it makes that slower. */
const afterClaimMs = 150

/** Knows when machines are being claimed: refilling beside a claim makes it many times slower. */
export class Claims {
  readonly #clock: Clock
  #underway = 0
  #lastEndMs = Number.NEGATIVE_INFINITY
  readonly #waiting = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One begins; call what is returned when it has ended. */
  begin(): () => void {
    this.#underway += 1
    let ended = false
    return () => {
      if (ended) return
      ended = true
      this.#underway -= 1
      this.#lastEndMs = this.#clock.monotonicMs()
      if (this.#underway > 0) return
      for (const wake of this.#waiting) wake()
      this.#waiting.clear()
    }
  }

  /** How many wait for quiet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Resolves when none is under way or has only just ended, at the latest after a second. Rejects when `signal` fires. */
  async quiet(signal: AbortSignal): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + longestWaitMs
    for (;;) {
      const nowMs = this.#clock.monotonicMs()
      const leftMs = untilMs - nowMs
      if (leftMs <= 0) return
      if (this.#underway > 0) await this.#noneOr(leftMs, signal)
      else {
        const pauseMs = this.#lastEndMs + afterClaimMs - nowMs
        if (pauseMs <= 0) return
        await this.#clock.sleep(Math.min(pauseMs, leftMs), signal)
      }
    }
  }

  /** Resolves when none is under way. */
  async over(): Promise<void> {
    while (this.#underway > 0) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  async #noneOr(ms: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController()
    const none = Promise.withResolvers<void>()
    this.#waiting.add(none.resolve)
    const late = this.#clock.sleep(ms, AbortSignal.any([signal, enough.signal]))
    try {
      await Promise.race([none.promise, late])
    } finally {
      this.#waiting.delete(none.resolve)
      enough.abort()
      // It was raced; its rejection on the way out says nothing new.
      late.catch(() => undefined)
    }
  }
}
