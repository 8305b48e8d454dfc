import type { Repeatable } from './options.ts'
import type { Page } from './page.ts'
import type { Query, Transport } from './transport.ts'
import { apiPath } from './transport.ts'

/** One namespace of one server: where requests about machines and snapshots go. */
export class Scope {
  readonly transport: Transport
  readonly namespace: string

  constructor(transport: Transport, namespace: string) {
    this.transport = transport
    this.namespace = namespace
  }

  /** Where something of the namespace is found; the default namespace has short paths. */
  path(...parts: (string | number)[]): string {
    return this.namespace === 'default' ? apiPath(...parts) : apiPath('namespaces', this.namespace, ...parts)
  }

  /** A request that makes or changes something, once however often it is tried. */
  post<T>(path: string, json: unknown, options: Repeatable, query?: Query): Promise<T> {
    return this.transport.json<T>('POST', path, { ...repeatable(options), query, ...(json === undefined ? {} : { json }) })
  }

  /** One page of a list. */
  page<T>(path: string, query: Query, cursor: string | undefined, options: Repeatable): Promise<Page<T>> {
    const { signal, timeoutMs } = options
    return this.transport.json('GET', path, { query: { ...query, cursor }, signal, timeoutMs })
  }
}

/** A request that is made with one idempotency key, the caller's or a new one. */
export function repeatable({ signal, timeoutMs, idempotencyKey }: Repeatable) {
  return { signal, timeoutMs, once: idempotencyKey ?? (true as const) }
}

/** Parts the options of a call from what is sent. */
export function parted<T extends Repeatable>(options: T): { call: Repeatable; rest: Omit<T, keyof Repeatable> } {
  const { signal, timeoutMs, idempotencyKey, ...rest } = options
  return { call: { signal, timeoutMs, idempotencyKey }, rest }
}

/** Labels as a query string has them. */
export function labelQuery(labels: Readonly<Record<string, string>> | undefined): readonly string[] | undefined {
  return labels && Object.entries(labels).map(([name, value]) => `${name}=${value}`)
}
