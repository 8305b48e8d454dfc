import type { Cancellable, Repeatable } from './options.ts'
import type { NamespaceCreate, NamespacePatch } from './requests.ts'
import type { NamespaceResource, Usage } from './resources.ts'
import { parted, repeatable } from './scope.ts'
import { apiPath, type Transport } from './transport.ts'

/**
 * The namespaces of a server: each keeps the machines and snapshots of one team apart from those of others.
 *
 * ```ts
 * const namespaces: Namespaces = hearth.namespaces
 * await namespaces.create('team-b', { snapshotLimit: 20, labels: { floor: '3' } })
 * await namespaces.update('team-b', { keepLast: 5 })
 * for await (const { name, snapshotLimit } of namespaces) console.log(name, snapshotLimit)
 * await namespaces.remove('team-b')
 * ```
 */
export class Namespaces implements AsyncIterable<NamespaceResource> {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** @throws HearthApiError `name_taken` */
  create(name: string, options: Omit<NamespaceCreate, 'name'> & Repeatable = {}): Promise<NamespaceResource> {
    const { call, rest } = parted(options)
    return this.#transport.json('POST', apiPath('namespaces'), { ...repeatable(call), json: { name, ...rest } })
  }

  /** Those that the key may see. */
  async list(options: Cancellable = {}): Promise<NamespaceResource[]> {
    const { items } = await this.#transport.json<{ items: NamespaceResource[] }>('GET', apiPath('namespaces'), options)
    return items
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<NamespaceResource, void, undefined> {
    yield* await this.list()
  }

  /** @throws HearthApiError `namespace_not_found` */
  get(name: string, options: Cancellable = {}): Promise<NamespaceResource> {
    return this.#transport.json('GET', apiPath('namespaces', name), options)
  }

  /** Changes what is named; null takes a bound away. */
  update(name: string, changes: NamespacePatch & Cancellable): Promise<NamespaceResource> {
    const { signal, timeoutMs, ...json } = changes
    return this.#transport.json('PATCH', apiPath('namespaces', name), { json, signal, timeoutMs })
  }

  /** What it holds now, and its bounds. */
  usage(name: string, options: Cancellable = {}): Promise<Usage> {
    return this.#transport.json('GET', apiPath('namespaces', name, 'usage'), options)
  }

  /** Removes an empty one. @throws HearthApiError `namespace_in_use` */
  remove(name: string, options: Cancellable = {}): Promise<void> {
    return this.#transport.done('DELETE', apiPath('namespaces', name), options)
  }
}
