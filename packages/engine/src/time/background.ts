import { isHearthError, type Log, messageOf } from '@hearth/model'

/** Work that nobody waits for but `close`, which ends it. */
export class Background {
  readonly #running = new Set<Promise<void>>()
  readonly #ending = new AbortController()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  /** Fires when the engine closes. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  run(what: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    if (this.#ending.signal.aborted) return
    const task = work(this.#ending.signal)
      .catch((error) => {
        if (!isHearthError(error, 'cancelled')) this.#log.error('background.failed', { what, error: messageOf(error) })
      })
      .then(() => {
        this.#running.delete(task)
      })
    this.#running.add(task)
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Ends what runs without waiting for it; nothing more is begun. */
  stop(reason: Error): void {
    this.#ending.abort(reason)
  }

  async close(reason: Error): Promise<void> {
    this.stop(reason)
    await this.idle()
  }
}

/** Runs a clean-up whose failure must not hide the first error; the reason is logged, never lost. */
export async function attempt(log: Log, what: string, cleanUp: () => Promise<unknown>): Promise<boolean> {
  try {
    await cleanUp()
    return true
  } catch (error) {
    log.warn('cleanup.failed', { what, error: messageOf(error) })
    return false
  }
}
