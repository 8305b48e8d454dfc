/** The end of a process: once it has blown, nothing that was asked through it is ever done or answered. */
export class Fuse {
  #callsLeft = Number.POSITIVE_INFINITY
  readonly #blown = Promise.withResolvers<void>()

  /** From now on it blows by itself when this many calls have passed. */
  burn(calls: number): void {
    this.#callsLeft = calls
  }

  get isBlown(): boolean {
    return this.#callsLeft <= 0
  }

  /** Resolves when it blows. */
  get blown(): Promise<void> {
    return this.#blown.promise
  }

  blow(): void {
    this.#callsLeft = 0
    this.#blown.resolve()
  }

  /** `target`, reached through this fuse. Objects in it are reached through it too. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_target, key) => {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value === 'function') return (...args: unknown[]) => this.#call(() => Reflect.apply(value, target, args))
        return typeof value === 'object' && value !== null && key !== 'capabilities' ? this.wrap(value) : value
      },
    })
  }

  #call(call: () => unknown): unknown {
    if (this.isBlown) return new Promise(() => undefined)
    this.#callsLeft--
    if (this.isBlown) this.blow()
    const answer = call()
    // The step is done, but the process that asked for it does not live to hear so.
    if (!this.isBlown || !(answer instanceof Promise)) return answer
    answer.catch(() => undefined)
    return new Promise(() => undefined)
  }
}
