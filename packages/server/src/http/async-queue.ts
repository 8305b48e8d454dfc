/** What is pushed comes out of the iteration, in order. At most `limit` may wait; `push` says whether there was room. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #limit: number
  readonly #waiting: T[] = []
  #ended = false
  #wake: (() => void) | undefined

  constructor(limit = Number.POSITIVE_INFINITY) {
    this.#limit = limit
  }

  push(item: T): boolean {
    if (this.#ended) return true
    if (this.#waiting.length >= this.#limit) return false
    this.#waiting.push(item)
    this.#wake?.()
    return true
  }

  /** What waits is still delivered, then the iteration ends. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const item = this.#waiting.shift()
      if (item !== undefined) yield item
      else if (this.#ended) return
      else await this.#more()
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}
