import type { EventLog } from '@hearth/model'

/** Wakes whoever follows the events when there may be new ones. What happens between two looks is not missed. */
export class EventNews {
  readonly #stop: () => void
  #fresh = false
  #wake: (() => void) | undefined

  constructor(log: Pick<EventLog, 'watch'>) {
    this.#stop = log.watch(() => {
      this.#fresh = true
      this.#wake?.()
    })
  }

  /** To be called before looking: only what comes after it counts as new. */
  look(): void {
    this.#fresh = false
  }

  /** Resolves when there may be something new since `look`, after `atMostMs`, or when `signal` is aborted. */
  next(atMostMs: number, signal: AbortSignal): Promise<void> {
    if (this.#fresh || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(done, atMostMs)
      signal.addEventListener('abort', done, { once: true })
      this.#wake = done
    })
  }

  close(): void {
    this.#stop()
  }
}
