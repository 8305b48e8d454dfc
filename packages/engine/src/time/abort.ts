import { type Clock, type ErrorCode, HearthError } from '@hearth/model'

/** What an abort means to the one who waits: the signal's own error, or `cancelled`. */
export function abortError(signal: AbortSignal): HearthError {
  if (signal.reason instanceof HearthError) return signal.reason
  return new HearthError('cancelled', 'the operation was cancelled', { cause: signal.reason })
}

/** What to report of `error`: the abort, when that is what it came from. */
export function abortOr(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted ? abortError(signal) : error
}

/** @throws HearthError the reason, when `signal` has fired */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/** Settles as `work` does, but rejects at once when `signal` fires, whatever `work` makes of that. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortError(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, (error) => reject(abortOr(error, signal))).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** A signal of its own that also fires when any of `others` does. `release` when the work is over. */
export class LinkedAbort {
  readonly #controller = new AbortController()
  readonly #undo: (() => void)[] = []

  constructor(...others: (AbortSignal | undefined)[]) {
    for (const other of others) {
      if (!other) continue
      const forward = () => this.#controller.abort(other.reason)
      if (other.aborted) forward()
      else {
        other.addEventListener('abort', forward, { once: true })
        this.#undo.push(() => other.removeEventListener('abort', forward))
      }
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: HearthError): void {
    this.#controller.abort(reason)
  }

  release(): void {
    for (const undo of this.#undo.splice(0)) undo()
  }
}

/** Runs `work` with a signal that also fires after `limitMs`, with an error of `code` that names `what`. */
export async function withDeadline<T>(
  clock: Clock,
  limit: { readonly limitMs: number; readonly what: string; readonly code?: ErrorCode },
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const linked = new LinkedAbort(signal)
  const over = new AbortController()
  const expired = () =>
    linked.abort(new HearthError(limit.code ?? 'driver_timeout', `${limit.what} took longer than ${limit.limitMs} ms`))
  // The sleep ends in rejection when `over` fires first, which is how a deadline that was kept looks.
  clock.sleep(limit.limitMs, over.signal).then(expired, () => undefined)
  try {
    return await orAborted(work(linked.signal), linked.signal)
  } finally {
    over.abort()
    linked.release()
  }
}
