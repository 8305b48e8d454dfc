import { type Clock, type KeyId, type Log, messageOf } from '@hearth/model'
import type { KeyRing } from './key-ring.ts'

/** What is ended when a key is good no more. */
interface Connection {
  destroy(): void
}

/** How often keys of long requests are looked at again: WebSockets and streams of events last. */
const lookMs = 5000

/** The requests under way, by the key that opened them: they end with it. */
export class OpenByKey {
  readonly #ring: Pick<KeyRing, 'findByHash'>
  readonly #clock: Clock
  readonly #log: Log
  readonly #open = new Map<string, { readonly key: KeyId; readonly connections: Set<Connection> }>()
  readonly #closed = new AbortController()
  #looking: Promise<void> | undefined

  constructor(ring: Pick<KeyRing, 'findByHash'>, clock: Clock, log: Log) {
    this.#ring = ring
    this.#clock = clock
    this.#log = log
  }

  /** `connection` was opened by the key with this hash. Returns what to call when its request is over. */
  add(hash: string, key: KeyId, connection: Connection): () => void {
    const of = this.#open.get(hash) ?? { key, connections: new Set() }
    this.#open.set(hash, of)
    of.connections.add(connection)
    this.#looking ??= this.#look()
    return () => {
      of.connections.delete(connection)
      if (of.connections.size === 0 && this.#open.get(hash) === of) this.#open.delete(hash)
    }
  }

  /** How many keys have something open. */
  get size(): number {
    return this.#open.size
  }

  /** Ends what keys opened that are good no more. */
  async endStale(): Promise<void> {
    for (const [hash, { key, connections }] of [...this.#open]) {
      try {
        if ((await this.#ring.findByHash(hash)) !== undefined) continue
        if (connections.size > 0) this.#log.info('auth.ended', { key, requests: connections.size })
        for (const connection of [...connections]) connection.destroy()
      } catch (error) {
        // Whether it is good cannot be told now; the next look does.
        this.#log.warn('auth.not_looked', { key, error: messageOf(error) })
      }
    }
  }

  /** Looks no more. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#looking
  }

  /** As long as there is something to look at. */
  async #look(): Promise<void> {
    try {
      while (this.#open.size > 0) {
        await this.#clock.sleep(lookMs, this.#closed.signal)
        await this.endStale()
      }
    } catch (error) {
      if (!this.#closed.signal.aborted) throw error
    } finally {
      this.#looking = undefined
    }
  }
}
