import { setTimeout as pause } from 'node:timers/promises'

export interface WaitOptions {
  /** Ends the waiting; without it 10 s are the limit. */
  readonly signal?: AbortSignal
  /** Between two looks. */
  readonly everyMs?: number
}

/**
 * Looks again and again until `condition` gives something true, and returns that. For what has no event; where there is one, await the event.
 * @param what names the thing in the error, as in "waited 10 s for the socket"
 * @throws when the time is over, with the last error of `condition` as cause
 */
export async function waitUntil<T>(what: string, condition: () => T | Promise<T>, options: WaitOptions = {}): Promise<T> {
  const { signal = AbortSignal.timeout(10_000), everyMs = 10 } = options
  const startMs = performance.now()
  let cause: unknown
  while (!signal.aborted) {
    try {
      const result = await condition()
      if (result) return result
      cause = undefined
    } catch (error) {
      cause = error
    }
    await pause(everyMs)
  }
  const waited = Math.round(performance.now() - startMs)
  throw new Error(`waited ${waited} ms for ${what}, in vain`, { cause })
}
