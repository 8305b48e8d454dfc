/** Told when the store did not answer a change: whether it was made is not known, and nor is what should have followed. */
export class Outages {
  #listener: () => void = () => undefined

  note(): void {
    this.#listener()
  }

  /** For the one who mends what was cut short. */
  listen(listener: () => void): void {
    this.#listener = listener
  }
}
