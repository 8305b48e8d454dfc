import type { Clock } from '@hearth/model'

/** Refill waits no longer than this for claims to end, in milliseconds. */
const longestWaitMs = 1000

/** Counts the claims that are under way: refilling beside one makes it many times slower. */
export class Claims {
  readonly #clock: Clock
  #underway = 0
  #waiting: (() => void)[] = []

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
      if (this.#underway === 0) for (const wake of this.#waiting.splice(0)) wake()
    }
  }

  /** Resolves when none is under way, at the latest after a second. Rejects when `signal` fires. */
  async quiet(signal: AbortSignal): Promise<void> {
    if (this.#underway === 0) return
    const enough = new AbortController()
    const noClaims = new Promise<void>((resolve) => this.#waiting.push(resolve))
    const tooLong = this.#clock.sleep(longestWaitMs, AbortSignal.any([signal, enough.signal]))
    try {
      await Promise.race([noClaims, tooLong])
    } finally {
      enough.abort()
      // It was raced; its rejection on the way out says nothing new.
      tooLong.catch(() => undefined)
    }
  }
}
