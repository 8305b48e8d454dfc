import type { HearthError } from '@hearth/model'
import { abortOr, LinkedAbort, throwIfAborted } from '../time/abort.ts'

/** One thing at a time for each key (a machine, a template's name), in the order asked for. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #under = new Map<string, Set<LinkedAbort>>()

  /** Runs `work` when everything asked before it has ended. Its signal fires with any of `signals`, and on `interrupt`. */
  async take<T>(
    key: string,
    signals: readonly (AbortSignal | undefined)[],
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const abort = new LinkedAbort(...signals)
    const mine = this.#under.get(key) ?? new Set()
    this.#under.set(key, mine.add(abort))
    try {
      return await this.#queue(key, abort.signal, work)
    } finally {
      abort.release()
      mine.delete(abort)
      if (mine.size === 0) this.#under.delete(key)
    }
  }

  /** As `take`, for what nothing may interrupt: the end of a machine. */
  insist<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#queue(key, new AbortController().signal, work)
  }

  async #queue<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const turn = this.#run(this.#tails.get(key), signal, work)
    const tail = turn.then(
      () => undefined,
      () => undefined,
    )
    this.#tails.set(key, tail)
    try {
      return await turn
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }

  /** Whether somebody has the turn of `key`, or waits for it. */
  isBusy(key: string): boolean {
    return this.#tails.has(key)
  }

  /** Resolves when nobody has a turn or waits for one. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values())
  }

  /** Aborts what runs and what waits for `key`; later turns are not concerned. */
  interrupt(key: string, reason: HearthError): void {
    for (const abort of this.#under.get(key) ?? []) abort.abort(reason)
  }

  async #run<T>(
    before: Promise<unknown> | undefined,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    if (before) await before
    throwIfAborted(signal)
    try {
      return await work(signal)
    } catch (error) {
      throw abortOr(error, signal)
    }
  }
}
