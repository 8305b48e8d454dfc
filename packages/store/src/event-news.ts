/** Tells those who follow the events that there may be more. */
export interface EventNews {
  /** Called when a commit with an event is done. */
  tell(): void
  /** Returns the way to stop. */
  watch(listener: () => void): () => void
  close(): Promise<void>
}

/** News within this process: enough where only one process writes. */
export class LocalNews implements EventNews {
  readonly #listeners = new Set<{ readonly call: () => void }>()

  tell(): void {
    for (const { call } of [...this.#listeners]) call()
  }

  watch(listener: () => void): () => void {
    const own = { call: listener }
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
  }
}
