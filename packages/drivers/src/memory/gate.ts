/** Something that everybody passes while it is open and waits at while it is shut. */
export class Gate {
  #waiting: (() => void)[] = []
  #open = true

  get isOpen(): boolean {
    return this.#open
  }

  /** Runs `then` now, or in order once the gate opens. */
  pass(then: () => void): void {
    if (this.#open) then()
    else this.#waiting.push(then)
  }

  shut(): void {
    this.#open = false
  }

  open(): void {
    this.#open = true
    for (const then of this.#waiting.splice(0)) then()
  }
}
