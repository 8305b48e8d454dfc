/** The end of one request's time, and the caller's own signal, as one. */
export class Deadline {
  /** Absent: nothing ends it. */
  readonly signal: AbortSignal | undefined
  isOver = false
  readonly #timer: ReturnType<typeof setTimeout> | undefined

  /** 0: no end. */
  constructor(limitMs: number, signal: AbortSignal | undefined) {
    if (limitMs === 0) {
      this.signal = signal
      return
    }
    const controller = new AbortController()
    this.#timer = setTimeout(() => {
      this.isOver = true
      controller.abort(new DOMException(`not done within ${limitMs} ms`, 'TimeoutError'))
    }, limitMs)
    this.signal = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal
  }

  /** The request is over, or what is left of it has no limit. */
  end(): void {
    clearTimeout(this.#timer)
  }
}
