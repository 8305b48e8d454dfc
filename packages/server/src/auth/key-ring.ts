import { timingSafeEqual } from 'node:crypto'
import type { AccessKey, Clock, KeyId, StateStore } from '@hearth/model'
import { hashOfKey } from './key-secret.ts'
import { isGood } from './key-state.ts'

/** How long a row is believed: so late a server sees what another one on the same database revoked. */
const freshMs = 3000
const mostRows = 10_000

interface Held {
  readonly key: AccessKey
  readonly readAtMs: number
}

/** Finds the row of a key, and remembers it for a moment, so that requests in a row cost the store one look. */
export class KeyRing {
  readonly #keys: Pick<StateStore['keys'], 'byHash'>
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()
  readonly #asking = new Map<string, Promise<AccessKey | undefined>>()
  /** Counts changes of keys: what was asked before one is not believed after it. */
  #changes = 0

  constructor(keys: Pick<StateStore['keys'], 'byHash'>, clock: Clock) {
    this.#keys = keys
    this.#clock = clock
  }

  /** The row of `secret`, if it is good now. */
  async find(secret: string): Promise<AccessKey | undefined> {
    return this.findByHash(hashOfKey(secret))
  }

  /** The row of the key with this hash, if it is good now. */
  async findByHash(hash: string): Promise<AccessKey | undefined> {
    const held = this.#held.get(hash)
    const isFresh = held !== undefined && this.#clock.monotonicMs() - held.readAtMs < freshMs
    const key = isFresh ? held.key : await this.#ask(hash)
    return key !== undefined && isGood(key, this.#clock.now()) ? key : undefined
  }

  /** Whether this key was seen to exist, though perhaps a while ago. */
  hasSeen(secret: string): boolean {
    return this.#held.has(hashOfKey(secret))
  }

  /** To be called when keys have changed in this process. */
  forget(id: KeyId): void {
    this.#changes++
    this.#asking.clear()
    for (const [hash, { key }] of this.#held) if (key.id === id) this.#held.delete(hash)
  }

  #ask(hash: string): Promise<AccessKey | undefined> {
    const asked = this.#asking.get(hash)
    if (asked !== undefined) return asked
    const answer = this.#read(hash).finally(() => {
      if (this.#asking.get(hash) === answer) this.#asking.delete(hash)
    })
    this.#asking.set(hash, answer)
    return answer
  }

  async #read(hash: string): Promise<AccessKey | undefined> {
    for (;;) {
      const changes = this.#changes
      const readAtMs = this.#clock.monotonicMs()
      const found = await this.#keys.byHash(hash)
      if (changes !== this.#changes) continue
      this.#held.delete(hash)
      if (found === undefined || !sameHash(found.hash, hash)) return undefined
      this.#held.set(hash, { key: found, readAtMs })
      this.#dropOldest()
      return found
    }
  }

  #dropOldest(): void {
    const oldest = this.#held.size > mostRows ? this.#held.keys().next().value : undefined
    if (oldest !== undefined) this.#held.delete(oldest)
  }
}

/** The store found it by this very hash; comparing again costs nothing, and takes as long whatever differs. */
function sameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
