import {
  type AccessKey,
  type Clock,
  defaultNamespace,
  HearthError,
  isHearthError,
  type KeyId,
  type KeyScope,
  type Name,
  namespaceNotFound,
  newKeyId,
  type RandomBytes,
  type StateStore,
} from '@hearth/model'
import type { Caller } from './caller.ts'
import type { KeyRing } from './key-ring.ts'
import { hashOfKey, type KeyFormat, newKeySecret, prefixOfKey } from './key-secret.ts'
import { isGood, keyState } from './key-state.ts'

/** What a new key is to be. */
export interface NewKey {
  readonly name: string
  readonly scope: KeyScope
  readonly namespaces: readonly Name[] | '*'
  readonly format: KeyFormat
  readonly ttlMs?: number | undefined
  readonly requestsPerMinute?: number | undefined
}

/** A key that was just made, with the secret that is shown this once. */
export interface MadeKey {
  readonly key: AccessKey
  readonly secret: string
}

export interface KeysParts {
  readonly store: Pick<StateStore, 'keys' | 'namespaces'>
  readonly ring: Pick<KeyRing, 'forget'>
  readonly clock: Clock
  readonly random: RandomBytes
}

/** How often a change is tried again when something else (a note of last use) changed the key in between. */
const attempts = 5

/**
 * The keys, as a caller may manage them: an admin those that are good nowhere but where it is good itself.
 * Of all others it does not know that they exist.
 */
export class Keys {
  readonly #parts: KeysParts

  constructor(parts: KeysParts) {
    this.#parts = parts
  }

  /** `tell` hears the secret before the key is good; where that fails, there is no key. @throws HearthError `forbidden`, `namespace_not_found` */
  async create(caller: Caller, wanted: NewKey, tell?: (secret: string) => Promise<void>): Promise<MadeKey> {
    caller.requireAnywhere('admin')
    if (wanted.namespaces === '*' || wanted.requestsPerMinute !== undefined) caller.requireOnServer('admin')
    if (wanted.namespaces !== '*') for (const one of wanted.namespaces) await this.#mustExist(caller, one)
    return this.#insert(wanted, wanted.ttlMs, tell)
  }

  /** Newest first. Those that are good no more only with `all`. */
  async list(caller: Caller, { all = false } = {}): Promise<AccessKey[]> {
    caller.requireAnywhere('admin')
    const now = this.#parts.clock.now()
    const keys = await this.#parts.store.keys.list()
    return keys.filter((key) => mayManage(caller, key) && (all || isGood(key, now))).reverse()
  }

  /** @throws HearthError `key_not_found` */
  async get(caller: Caller, id: KeyId): Promise<AccessKey> {
    const key = await this.#parts.store.keys.get(id)
    const isOwn = caller.key === id
    if (!isOwn) caller.requireAnywhere('admin')
    if (key === undefined || !(isOwn || mayManage(caller, key))) throw notFound(id)
    return key
  }

  /**
   * Makes a key like this one; this one is good for `graceMs` more. A key that expires is replaced by one that lives as long.
   * @throws HearthError `key_not_found`, `state_conflict` when it is good no more, or was replaced already
   */
  async rotate(caller: Caller, id: KeyId, graceMs: number): Promise<MadeKey> {
    const old = await this.#rotatable(caller, id)
    const ttlMs = old.expiresAt === undefined ? undefined : old.expiresAt - old.createdAt
    const format: KeyFormat = old.prefix.startsWith('e2b_') ? 'e2b' : 'hearth'
    const made = await this.#insert({ ...old, format }, ttlMs)
    try {
      await this.#change(
        () => this.#rotatable(caller, id),
        () => ({ rotatedTo: made.key.id, revokedAt: this.#parts.clock.now() + graceMs }),
      )
    } catch (error) {
      await this.#parts.store.keys.delete(made.key.id, made.key.rev)
      throw error
    }
    return made
  }

  /** From now on this key opens nothing; its row stays. @throws HearthError `key_not_found`, `state_conflict` */
  async revoke(caller: Caller, id: KeyId): Promise<void> {
    caller.requireAnywhere('admin')
    const now = this.#parts.clock.now()
    const key = await this.get(caller, id)
    if (keyState(key, now) === 'revoked') return
    if (caller.key !== undefined) await this.#keepAnAdmin(key, now)
    await this.#change(
      () => this.get(caller, id),
      () => ({ revokedAt: now }),
    )
  }

  async #mustExist(caller: Caller, namespace: Name): Promise<void> {
    caller.require('admin', namespace)
    if (namespace === defaultNamespace) return
    if ((await this.#parts.store.namespaces.get(namespace)) === undefined) throw namespaceNotFound(namespace)
  }

  async #insert(wanted: NewKey, ttlMs: number | undefined, tell?: (secret: string) => Promise<void>): Promise<MadeKey> {
    const { store, random, clock } = this.#parts
    const { name, scope, namespaces, requestsPerMinute, format } = wanted
    const secret = newKeySecret(format, random)
    await tell?.(secret)
    const now = clock.now()
    const key = await store.keys.insert({
      id: newKeyId(random),
      name,
      prefix: prefixOfKey(secret),
      hash: hashOfKey(secret),
      scope,
      namespaces,
      ...(requestsPerMinute !== undefined && { requestsPerMinute }),
      createdAt: now,
      ...(ttlMs !== undefined && { expiresAt: now + ttlMs }),
    })
    return { key, secret }
  }

  async #rotatable(caller: Caller, id: KeyId): Promise<AccessKey> {
    caller.requireAnywhere('admin')
    const key = await this.get(caller, id)
    const state = keyState(key, this.#parts.clock.now())
    if (state !== 'valid') {
      throw new HearthError('state_conflict', `the key ${id} is ${state}`, {
        hint: key.rotatedTo === undefined ? 'Make a new key.' : `The key ${key.rotatedTo} has taken its place.`,
        details: { state },
      })
    }
    return key
  }

  /** Over the network the last way in is not closed: only the owner of the server, on the unix socket, does that. */
  async #keepAnAdmin(key: AccessKey, now: number): Promise<void> {
    const isFullAdmin = (one: AccessKey) => one.scope === 'admin' && one.namespaces === '*' && keyState(one, now) === 'valid'
    if (!isFullAdmin(key)) return
    const others = (await this.#parts.store.keys.list()).filter((one) => one.id !== key.id && isFullAdmin(one))
    if (others.length > 0) return
    throw new HearthError('state_conflict', `${key.id} is the last key that may do everything`, {
      hint: 'Make another one first, or revoke it on the host of the server.',
    })
  }

  async #change(
    look: () => Promise<AccessKey>,
    change: () => Partial<Pick<AccessKey, 'revokedAt' | 'rotatedTo'>>,
  ): Promise<void> {
    const { store, ring } = this.#parts
    for (let left = attempts; ; left--) {
      const key = await look()
      try {
        await store.keys.update(key.id, key.rev, change())
        ring.forget(key.id)
        return
      } catch (error) {
        if (!isHearthError(error, 'store_conflict') || left <= 1) throw error
      }
    }
  }
}

/** Whether `key` can do nothing that `caller` cannot. */
export function mayManage(caller: Caller, key: Pick<AccessKey, 'namespaces'>): boolean {
  if (key.namespaces === '*') return caller.namespaces === '*'
  return key.namespaces.every((one) => caller.sees(one))
}

function notFound(id: KeyId): HearthError {
  return new HearthError('key_not_found', `there is no key ${id}`, { hint: 'See them with "hearth key list --all".' })
}
