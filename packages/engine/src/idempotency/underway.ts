/**
 * What is being worked on in this process, by id: snapshots that are made, and idempotency records whose requests are under way.
 * What a row says is half done and is not here was left so.
 */
export class Underway {
  readonly #counts = new Map<string, number>()

  has(id: string): boolean {
    return this.#counts.has(id)
  }

  async during<T>(id: string, work: () => Promise<T>): Promise<T> {
    // Two of the same id may be here at once, until the store refuses one of them.
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    try {
      return await work()
    } finally {
      const left = (this.#counts.get(id) ?? 1) - 1
      if (left > 0) this.#counts.set(id, left)
      else this.#counts.delete(id)
    }
  }
}
