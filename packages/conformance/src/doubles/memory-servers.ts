import type { ServerEntry, ServerRegistry } from '@hearth/model'

/** The registry of servers in memory. */
export class MemoryServers implements ServerRegistry {
  readonly #servers = new Map<string, ServerEntry>()

  get size(): number {
    return this.#servers.size
  }

  async announce(server: ServerEntry): Promise<void> {
    this.#servers.set(server.host, { ...server })
  }

  async withdraw(host: string, secret: string): Promise<void> {
    if (this.#servers.get(host)?.secret === secret) this.#servers.delete(host)
  }

  async list(): Promise<ServerEntry[]> {
    return [...this.#servers.values()].sort((a, b) => (a.host < b.host ? -1 : 1))
  }
}
