import {
  type Clock,
  HearthError,
  type Log,
  messageOf,
  type Pool,
  type ServerEntry,
  type StateStore,
  type TemplateRef,
} from '@hearth/model'

/** How often a server looks for the others, in milliseconds. */
const longestLookMs = 1000

export interface PeersParts {
  readonly store: Pick<StateStore, 'servers' | 'pools' | 'leases' | 'templates' | 'snapshots'>
  readonly clock: Clock
  readonly log: Log
  /** What this server tells of itself; its secret is of this process alone. */
  readonly self: Omit<ServerEntry, 'untilMs' | 'url'>
  /** How long a server counts as alive after it was last heard of. */
  readonly leaseMs: number
  /** Told when another server is gone. */
  readonly gone: (host: string) => Promise<void>
}

/** The servers that share the state with this one. Each writes a heartbeat and reads those of the others. */
export class Peers {
  readonly #parts: PeersParts
  readonly #closing = new AbortController()
  readonly #others = new Map<string, { readonly entry: ServerEntry; readonly gone: AbortController }>()
  /** Versions whose files were seen to be on this host; a version never changes. */
  readonly templatesHere = new Set<TemplateRef>()
  #pools: readonly Pool[] = []
  #url: string | undefined
  #announcedAt = Number.NEGATIVE_INFINITY
  #loop: Promise<void> = Promise.resolve()
  #told: Promise<unknown> = Promise.resolve()

  constructor(parts: PeersParts) {
    this.#parts = parts
  }

  get self(): PeersParts['self'] {
    return this.#parts.self
  }

  get store(): PeersParts['store'] {
    return this.#parts.store
  }

  get now(): number {
    return this.#parts.clock.now()
  }

  /** As of the last look. */
  get pools(): readonly Pool[] {
    return this.#pools
  }

  get hasOthers(): boolean {
    return this.#others.size > 0
  }

  /** Others can reach this server from now on, at `url` also from other computers. */
  async start(url: string | undefined): Promise<void> {
    this.#url = url
    await this.#look()
    this.#loop = this.#lookForEver()
  }

  /** The server of another home, if it lives, and what fires when it does not any more. */
  live(host: string): { readonly entry: ServerEntry; readonly gone: AbortSignal } | undefined {
    const other = this.#others.get(host)
    return other && { entry: other.entry, gone: other.gone.signal }
  }

  get others(): readonly ServerEntry[] {
    return [...this.#others.values()].map(({ entry }) => entry)
  }

  /** Says goodbye; called when nothing is held here any more. */
  async close(): Promise<void> {
    const { store, self } = this.#parts
    this.#closing.abort(new HearthError('cancelled', 'the server is ending'))
    await this.#loop
    await this.#told
    for (const host of this.#others.keys()) this.#forget(host)
    await store.servers.withdraw(self.host, self.secret)
  }

  async #lookForEver(): Promise<void> {
    const { clock, log, leaseMs } = this.#parts
    const { signal } = this.#closing
    const pauseMs = Math.min(longestLookMs, leaseMs / 5)
    while (!signal.aborted) {
      try {
        await clock.sleep(pauseMs, signal)
        await this.#look()
      } catch (error) {
        if (!signal.aborted) log.warn('peers.look_failed', { error: messageOf(error) })
      }
    }
  }

  async #look(): Promise<void> {
    const { store, clock, self, leaseMs } = this.#parts
    const now = clock.now()
    if (now - this.#announcedAt >= leaseMs / 3) {
      await store.servers.announce({ ...self, untilMs: now + leaseMs, ...(this.#url !== undefined && { url: this.#url }) })
      this.#announcedAt = now
    }
    const alive = (await store.servers.list()).filter((each) => each.host !== self.host && each.untilMs > now)
    const left = [...this.#others.values()].filter(({ entry }) => !alive.some((each) => isSameProcess(each, entry)))
    for (const { entry } of left) this.#forget(entry.host)
    for (const entry of alive) this.#meet(entry)
    this.#pools = this.hasOthers ? await store.pools.list() : []
    for (const { entry } of left) this.#tell(entry.host)
  }

  /** What follows may take long, and the heartbeat goes on. */
  #tell(host: string): void {
    const { gone, log } = this.#parts
    const told = gone(host).catch((error) => log.warn('peers.not_followed', { host, error: messageOf(error) }))
    this.#told = Promise.all([this.#told, told])
  }

  #meet(entry: ServerEntry): void {
    const known = this.#others.get(entry.host)
    if (!known) this.#parts.log.info('peers.met', { host: entry.host, url: entry.url })
    this.#others.set(entry.host, { entry, gone: known?.gone ?? new AbortController() })
  }

  #forget(host: string): void {
    this.#others.get(host)?.gone.abort(new HearthError('host_unavailable', `the server of host ${host} is gone`))
    this.#others.delete(host)
    this.#parts.log.info('peers.gone', { host })
  }
}

function isSameProcess(a: ServerEntry, b: ServerEntry): boolean {
  return a.host === b.host && a.secret === b.secret
}
