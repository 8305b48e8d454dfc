import { type ByteStream, iterateBytes } from './bytes.ts'
import { HearthConnectionError } from './errors.ts'

/**
 * Ends a connection on which nothing comes any more, although the server sees to it that something does now and then: one that
 * broke without a word would be waited for until the end of time.
 */
export class IdleWatch {
  /** Aborted by silence, or by the caller. */
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #limitMs: number
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(limitMs: number, signal: AbortSignal | undefined) {
    this.#limitMs = limitMs
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal
  }

  /** The bytes of the connection's stream, watched. @throws HearthConnectionError after silence */
  async *over(stream: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      this.#restart()
      for await (const chunk of iterateBytes(stream)) {
        // While the reader is busy, nothing is missed.
        clearTimeout(this.#timer)
        yield chunk
        this.#restart()
      }
    } finally {
      clearTimeout(this.#timer)
    }
  }

  #restart(): void {
    this.#timer = setTimeout(() => {
      const why = `the server was silent for ${this.#limitMs} ms`
      this.#controller.abort(new HearthConnectionError(why, { mayPass: true }))
    }, this.#limitMs)
  }
}
