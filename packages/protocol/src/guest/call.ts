import type { HearthError } from '@hearth/model'
import type { Deadlines } from './deadlines.ts'
import { guestRefused } from './guest-errors.ts'
import type { Method } from './messages.ts'
import { StreamHandler, type Wire } from './wire.ts'

/** One request and what is made of its reply. */
export interface Asking<Q extends object, A extends object, T> {
  readonly method: Method<Q, A>
  readonly value: Q
  /** Checks and turns the reply's fields; what it throws ends the session, as any answer of a wrong shape does. */
  readonly read: (fields: A) => T
  readonly signal?: AbortSignal | undefined
  /** How messages call it; the method's name when absent. */
  readonly what?: string
}

/** For replies whose fields are the answer. */
export const asItIs = <A>(fields: A): A => fields

/** For replies without fields. */
export const nothing = (): void => undefined

/** Asks once and resolves with what the reply says. */
export function call<Q extends object, A extends object, T>(
  wire: Wire,
  deadlines: Deadlines,
  asking: Asking<Q, A, T>,
): Promise<T> {
  const { method, value, read, signal, what = method.name } = asking
  return new Promise((resolve, reject) => {
    const one = new Call(what, (fields) => resolve(read(method.reply.decode(fields))), reject)
    one.stopWaiting = deadlines.start(what, signal, (error) => {
      one.stream?.cancel()
      reject(error)
    })
    try {
      wire.request(method, value, one)
    } catch (error) {
      one.stopWaiting()
      throw error
    }
  })
}

class Call extends StreamHandler {
  readonly what: string
  stopWaiting: () => void = () => undefined
  readonly #answer: (fields: Buffer) => void
  readonly #reject: (error: HearthError) => void

  constructor(what: string, answer: (fields: Buffer) => void, reject: (error: HearthError) => void) {
    super()
    this.what = what
    this.#answer = answer
    this.#reject = reject
  }

  override onReply(fields: Buffer): void {
    this.#answer(fields)
    this.stopWaiting()
  }

  override onRefused(number: number, text: string): void {
    this.stopWaiting()
    this.#reject(guestRefused(this.what, number, text))
  }

  override onBroken(error: HearthError): void {
    this.stopWaiting()
    this.#reject(error)
  }
}
