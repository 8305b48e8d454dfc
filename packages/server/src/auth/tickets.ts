import { type Clock, HearthError, type RandomBytes } from '@hearth/model'
import type { Caller } from './caller.ts'
import { hashOfKey } from './key-secret.ts'

/** How long a ticket is good, in milliseconds. */
export const ticketLifeMs = 30_000
const mostOfOneKey = 100
const mostOfAll = 10_000
const ticketBytes = 20
/** What a ticket looks like. */
const shape = /^ticket_[0-9a-f]{40}$/

/** Who asked for a ticket: a key, by its hash, or the owner of the server. */
export type TicketHolder = { readonly keyHash: string } | 'owner'

interface Ticket {
  readonly path: string
  readonly holder: TicketHolder
  readonly expiresAtMs: number
}

/**
 * One-time tickets for WebSockets: a browser cannot send a key with those. A ticket opens one path once, within 30 s, and
 * may what the key may by then. They live in this process only, as the hash of what the client holds.
 */
export class Tickets {
  readonly #clock: Clock
  readonly #random: RandomBytes
  /** In the order in which they end. */
  readonly #tickets = new Map<string, Ticket>()

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock
    this.#random = random
  }

  /** A ticket for `path`. @throws HearthError `rate_limited` when the caller has too many open */
  issue({ keyHash }: Pick<Caller, 'keyHash'>, path: string): string {
    const holder: TicketHolder = keyHash === undefined ? 'owner' : { keyHash }
    this.#dropExpired()
    const own = [...this.#tickets.values()].filter((one) => nameOf(one.holder) === nameOf(holder)).length
    if (own >= mostOfOneKey || this.#tickets.size >= mostOfAll) {
      throw new HearthError('rate_limited', 'too many tickets wait to be used', {
        hint: `Each is good for ${ticketLifeMs / 1000} s; ask for one right before it is used.`,
        details: { retryAfterMs: ticketLifeMs },
      })
    }
    const ticket = `ticket_${Buffer.from(this.#random(ticketBytes)).toString('hex')}`
    this.#tickets.set(hashOfKey(ticket), { path, holder, expiresAtMs: this.#clock.monotonicMs() + ticketLifeMs })
    return ticket
  }

  /** Whose ticket it is, if it is good for `path` now; it is good for nothing afterwards, whatever the answer. */
  redeem(ticket: string, path: string): TicketHolder | undefined {
    if (!shape.test(ticket)) return undefined
    const hash = hashOfKey(ticket)
    const found = this.#tickets.get(hash)
    this.#tickets.delete(hash)
    if (found === undefined || found.path !== path || found.expiresAtMs <= this.#clock.monotonicMs()) return undefined
    return found.holder
  }

  #dropExpired(): void {
    const now = this.#clock.monotonicMs()
    for (const [hash, { expiresAtMs }] of this.#tickets) {
      if (expiresAtMs > now) return
      this.#tickets.delete(hash)
    }
  }
}

function nameOf(holder: TicketHolder): string {
  return holder === 'owner' ? holder : holder.keyHash
}
