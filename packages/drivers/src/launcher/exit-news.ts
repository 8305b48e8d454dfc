/** How a child ended; neither code nor signal for an adopted one. */
export interface LauncherExit {
  readonly id: string
  readonly pid: number
  readonly code?: number | undefined
  readonly signal?: number | undefined
}

/** Carries exits to listeners. What comes while there is none waits. */
export class ExitNews {
  /** Called once for each exit, after the listeners. */
  onHeard: (exit: LauncherExit) => void = () => undefined
  readonly #listeners = new Set<(exit: LauncherExit) => void>()
  #waiting: LauncherExit[] = []

  tell(exit: LauncherExit): void {
    if (this.#listeners.size === 0) {
      this.#waiting.push(exit)
      return
    }
    for (const listener of [...this.#listeners]) listener(exit)
    this.onHeard(exit)
  }

  listen(listener: (exit: LauncherExit) => void): () => void {
    this.#listeners.add(listener)
    // Later, so that the caller has finished what it does with the answer of this call.
    queueMicrotask(() => this.#tellWaiting())
    return () => this.#listeners.delete(listener)
  }

  #tellWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const exit of waiting) this.tell(exit)
  }
}
