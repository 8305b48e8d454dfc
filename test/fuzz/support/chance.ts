/** Numbers by chance that a seed repeats (mulberry32, public domain by Tommy Ettinger). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to 1, without it. */
  share(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.share() * (max - min + 1))
  }

  /** True so often. */
  odds(share: number): boolean {
    return this.share() < share
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error('nothing to pick from')
    return from[this.int(0, from.length - 1)] as T
  }

  /** Some of `from`, in order. */
  some<T>(from: readonly T[], share = 0.5): T[] {
    return from.filter(() => this.odds(share))
  }

  /** a-z and 0-9. */
  word(min = 1, max = 12): string {
    return Array.from({ length: this.int(min, max) }, () => this.pick([...'abcdefghijklmnopqrstuvwxyz0123456789'])).join('')
  }

  /** Its own chances, so that what one draws does not change what another gets. */
  fork(): Chance {
    return new Chance(Math.floor(this.share() * 2 ** 32))
  }
}
