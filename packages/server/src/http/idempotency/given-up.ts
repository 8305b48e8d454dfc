import type { Clock } from '@hearth/model'

/** A request that is still on its way by then is none of ours. */
const rememberedMs = 60_000
const most = 10_000

/** Requests whose clients gave them up before they arrived: they are not begun. */
export class GivenUp {
  readonly #clock: Clock
  /** In the order in which they are forgotten. */
  readonly #until = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(id: string): void {
    this.#forget()
    this.#until.delete(id)
    this.#until.set(id, this.#clock.monotonicMs() + rememberedMs)
  }

  has(id: string): boolean {
    this.#forget()
    return this.#until.has(id)
  }

  #forget(): void {
    const now = this.#clock.monotonicMs()
    for (const [id, until] of this.#until) {
      if (until > now && this.#until.size < most) return
      this.#until.delete(id)
    }
  }
}
