import type { Cancellable } from './options.ts'
import { Listing } from './page.ts'
import type { KeyCreate } from './requests.ts'
import type { AuditEntryResource, KeyResource, NewKeyResource } from './resources.ts'
import { apiPath, type Transport } from './transport.ts'

/**
 * The API keys of a server: who may do what, and where. With a key that is good in some namespaces only, these are the keys
 * that are good nowhere else.
 *
 * ```ts
 * const keys: Keys = hearth.keys
 * const made = await keys.create('ci', { scope: 'use', namespaces: ['default'], ttlMs: 86_400_000 })
 * const ci = new Hearth({ baseUrl: connection.baseUrl, apiKey: made.key })
 * const next = await keys.rotate(made.id, { graceMs: 60_000 })
 * await keys.revoke(next.id)
 * await keys.revoke(made.id)
 * for (const { id, name, state } of await keys.list({ all: true })) console.log(id, name, state)
 * ```
 */
export class Keys {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /**
   * Makes a key; `key` of the answer is the key itself, told this once. Without more words it may use the namespace `default`.
   * @throws HearthApiError `forbidden`, `namespace_not_found`
   */
  create(name: string, options: Omit<KeyCreate, 'name'> & Cancellable = {}): Promise<NewKeyResource> {
    const { signal, timeoutMs, ...rest } = options
    return this.#transport.json('POST', apiPath('keys'), { json: { name, ...rest }, signal, timeoutMs })
  }

  /** Newest first; with `all` also those that are good no more. */
  async list(options: Cancellable & { readonly all?: boolean } = {}): Promise<KeyResource[]> {
    const { all, ...call } = options
    const { items } = await this.#transport.json<{ items: KeyResource[] }>('GET', apiPath('keys'), { ...call, query: { all } })
    return items
  }

  /** One key, by its id. @throws HearthApiError `key_not_found` */
  get(id: string, options: Cancellable = {}): Promise<KeyResource> {
    return this.#transport.json('GET', apiPath('keys', id), options)
  }

  /** The key that this client has. @throws HearthApiError `key_not_found` on the server's unix socket, where none is needed */
  self(options: Cancellable = {}): Promise<KeyResource> {
    return this.#transport.json('GET', apiPath('keys', 'self'), options)
  }

  /**
   * Makes a key in the place of this one, which stays good for `graceMs` (a day when absent).
   * @throws HearthApiError `key_not_found`, `state_conflict` when it is good no more or was replaced already
   */
  rotate(id: string, options: Cancellable & { readonly graceMs?: number } = {}): Promise<NewKeyResource> {
    const { signal, timeoutMs, ...json } = options
    return this.#transport.json('POST', apiPath('keys', id, 'rotate'), { json, signal, timeoutMs })
  }

  /** From now on this key opens nothing. @throws HearthApiError `key_not_found`, `state_conflict` for the last that may do everything */
  revoke(id: string, options: Cancellable = {}): Promise<void> {
    return this.#transport.done('DELETE', apiPath('keys', id), options)
  }

  /**
   * Requests that could change something, newest first; for keys that may do everything.
   *
   * ```ts
   * const [last] = await hearth.keys.audit().toArray(1)
   * console.log(last?.at, last?.method, last?.path, last?.status)
   * ```
   */
  audit(options: Cancellable & { readonly limit?: number } = {}): Listing<AuditEntryResource> {
    const { limit, ...call } = options
    return new Listing((cursor) => this.#transport.json('GET', apiPath('audit'), { ...call, query: { limit, cursor } }))
  }
}
