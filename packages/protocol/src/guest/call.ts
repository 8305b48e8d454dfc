import type { HearthError } from '@hearth/model'
import type { FieldList } from '../fields/field-list.ts'
import type { Deadlines } from './deadlines.ts'
import { guestRefused } from './guest-errors.ts'
import type { Method } from './messages.ts'
import { StreamHandler, type Wire } from './wire.ts'

/** Asks once and resolves with the reply's fields. */
export function call<Q extends object, A extends object>(
  wire: Wire,
  deadlines: Deadlines,
  method: Method<Q, A>,
  value: Q,
  options: { readonly signal?: AbortSignal | undefined; readonly what?: string } = {},
): Promise<A> {
  return new Promise((resolve, reject) => {
    const one = new Call(method.reply, options.what ?? method.name, resolve, reject)
    one.stopWaiting = deadlines.start(one.what, options.signal, (error) => {
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

class Call<A extends object> extends StreamHandler {
  readonly what: string
  stopWaiting: () => void = () => undefined
  readonly #reply: FieldList<A>
  readonly #resolve: (answer: A) => void
  readonly #reject: (error: HearthError) => void

  constructor(reply: FieldList<A>, what: string, resolve: (answer: A) => void, reject: (error: HearthError) => void) {
    super()
    this.#reply = reply
    this.what = what
    this.#resolve = resolve
    this.#reject = reject
  }

  override onReply(fields: Buffer): void {
    const answer = this.#reply.decode(fields)
    this.stopWaiting()
    this.#resolve(answer)
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
