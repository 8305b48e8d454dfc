import type { HearthError } from '@hearth/model'
import { abortedBy, guestUnreachable } from './guest-errors.ts'

interface Waiting {
  readonly what: string
  readonly untilMs: number
  expire(error: HearthError): void
}

/**
 * Tells waiting requests that their time is over: when their signal says so, else after the default. All requests without a
 * signal wait equally long, so one timer for the oldest is enough.
 */
export class Deadlines {
  readonly #defaultMs: number
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  constructor(defaultMs = 10_000) {
    this.#defaultMs = defaultMs
  }

  /** Calls `expire` at most once; returns the way to stop waiting. */
  start(what: string, signal: AbortSignal | undefined, expire: (error: HearthError) => void): () => void {
    if (signal === undefined) return this.#startDefault(what, expire)
    if (signal.aborted) {
      expire(abortedBy(signal, what))
      return () => undefined
    }
    const onAbort = () => expire(abortedBy(signal, what))
    signal.addEventListener('abort', onAbort, { once: true })
    return () => signal.removeEventListener('abort', onAbort)
  }

  #startDefault(what: string, expire: (error: HearthError) => void): () => void {
    const waiting: Waiting = { what, expire, untilMs: performance.now() + this.#defaultMs }
    this.#waiting.add(waiting)
    this.#timer ??= setTimeout(() => this.#ring(), this.#defaultMs).unref()
    return () => this.#waiting.delete(waiting)
  }

  #ring(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const waiting of this.#waiting) {
      if (waiting.untilMs > now) {
        this.#timer = setTimeout(() => this.#ring(), waiting.untilMs - now).unref()
        return
      }
      this.#waiting.delete(waiting)
      waiting.expire(guestUnreachable(`${waiting.what}: no answer within ${this.#defaultMs} ms`))
    }
  }
}

/** Waits for `promise` no longer than the deadline allows; what it does later is nobody's concern any more. */
export async function withDeadline<T>(
  deadlines: Deadlines,
  what: string,
  signal: AbortSignal | undefined,
  promise: Promise<T>,
): Promise<T> {
  const expired = Promise.withResolvers<never>()
  const stop = deadlines.start(what, signal, expired.reject)
  try {
    return await Promise.race([promise, expired.promise])
  } finally {
    stop()
  }
}
