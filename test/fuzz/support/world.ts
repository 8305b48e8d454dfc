import type { Answered } from './asked.ts'
import type { Client } from './client.ts'

export type Fields = Record<string, unknown>

/** A second namespace beside `default`. */
const otherNamespace = 'fuzz'
/** So many things of a kind are kept for later requests; more are removed. */
const keptAtMost = 12

/** What there is to ask about: things that stay, and things that a request may use up. */
export class World {
  readonly #client: Client
  readonly #headers: Readonly<Record<string, string>>
  readonly #spare = new Map<string, string[]>()
  readonly #once = new Map<string, Promise<string>>()
  #count = 0
  /** By namespace: a machine and a snapshot that stay. */
  readonly machines = new Map<string, string>()
  readonly snapshots = new Map<string, string>()
  key = ''

  constructor(client: Client, key: string) {
    this.#client = client
    this.#headers = { authorization: `Bearer ${key}` }
  }

  /** Makes what stays. */
  async prepare(): Promise<void> {
    await this.ask('POST', '/v1/namespaces', { name: otherNamespace, snapshotLimit: 10_000 })
    await this.ask('PATCH', '/v1/namespaces/default', { snapshotLimit: 10_000 })
    await this.ask('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base', egress: 'open' })
    this.key = String((await this.ask('POST', '/v1/keys', { name: 'fuzz' })).id)
    for (const namespace of ['default', otherNamespace]) {
      const { id } = await this.launch(namespace, { name: `stays-${namespace}` })
      this.machines.set(namespace, id)
      await this.send('PUT', `${this.at(namespace)}/machines/${id}/files?path=/tmp/seed`, Buffer.from('seed'))
      const made = await this.ask('POST', `${this.at(namespace)}/machines/${id}/snapshots?wait=30`, { pinned: true })
      this.snapshots.set(namespace, String(made.id))
    }
  }

  at(namespace: string): string {
    return namespace === 'default' ? '/v1' : `/v1/namespaces/${namespace}`
  }

  /** A name nobody has. */
  name(): string {
    this.#count += 1
    return `n${this.#count}`
  }

  machine(namespace: string): string {
    return this.machines.get(namespace) ?? ''
  }

  snapshot(namespace: string): string {
    return this.snapshots.get(namespace) ?? ''
  }

  async launch(namespace: string, more: Fields = {}): Promise<{ id: string }> {
    return (await this.ask('POST', `${this.at(namespace)}/machines`, { template: 'base', ...more })) as { id: string }
  }

  async newSnapshot(namespace: string): Promise<string> {
    const path = `${this.at(namespace)}/machines/${this.machine(namespace)}/snapshots?wait=30`
    return String((await this.ask('POST', path, {})).id)
  }

  /** Made when it is first needed, and then always the same. */
  once(what: string, make: () => Promise<string>): Promise<string> {
    const made = this.#once.get(what) ?? make()
    this.#once.set(what, made)
    return made
  }

  /** One that may be used up, or what `make` makes. */
  async spare(what: string, make: () => Promise<string>): Promise<string> {
    return this.#spare.get(what)?.shift() ?? (await make())
  }

  /** Keeps one for later; what is too many is removed at its path. */
  async keep(what: string, id: string, path: string): Promise<void> {
    const kept = this.#spare.get(what) ?? []
    this.#spare.set(what, kept)
    kept.push(id)
    if (kept.length > keptAtMost) await this.send('DELETE', path.replace('*', kept.shift() ?? ''))
  }

  /** As the admin, and it must work. */
  async ask(method: string, path: string, body?: unknown): Promise<Fields> {
    const answer = await this.send(method, path, body)
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`)
    return answer.body === '' ? {} : (JSON.parse(answer.body) as Fields)
  }

  /** As the admin. */
  send(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answered> {
    const isBytes = Buffer.isBuffer(body)
    const type: Record<string, string> =
      body === undefined ? {} : { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' }
    const text = body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }
    return this.#client.send({ method, path, headers: { ...this.#headers, ...type, ...more }, ...text })
  }
}
