import { HearthError, type MachineExit, type Name, type Pool, type Resources } from '@hearth/model'
import { Turns } from '../machines/turns.ts'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { slept } from '../time/every.ts'
import { adoptEntries, sweepEntries } from './adopt-entries.ts'
import { hasResources } from './has-resources.ts'
import { HeldPool } from './held-pool.ts'
import { fitsMemory } from './memory-budget.ts'
import type { PoolContext } from './pool-context.ts'
import type { PoolRuntime } from './pool-runtime.ts'

/** The pools that this server holds: one server at a time has the lease of a pool, and fills it. */
export class HeldPools {
  readonly #context: PoolContext
  readonly #held = new Map<Name, HeldPool>()
  /** Its own, so that a pool whose driver does not end its machines keeps nobody else waiting. */
  readonly #turns = new Turns()
  #closing = false
  #sweeping = false
  /** Nothing is made before it is known what is there already. */
  #adopted = false

  constructor(context: PoolContext) {
    this.#context = context
  }

  /** Takes what an earlier server left, and begins to tend. */
  async start(): Promise<void> {
    const { options, loops } = this.#context
    await this.tendAll()
    await adoptEntries(this.#context, new Map([...this.#held].map(([name, { runtime }]) => [name, runtime])))
    this.#adopted = true
    for (const held of this.#held.values()) held.start()
    if (options.poolTendIntervalMs > 0) loops.run('tend pools', (signal) => this.#tendForEver(signal))
  }

  get(name: Name): PoolRuntime | undefined {
    return this.#held.get(name)?.runtime
  }

  /** The pool whose machines serve launches of `template`, in this version and size where they are given; one that has some comes first. */
  serving(template: Name, version: number | undefined, resources: Partial<Resources> | undefined): PoolRuntime | undefined {
    if (this.#closing) return undefined
    let empty: PoolRuntime | undefined
    for (const { runtime } of this.#held.values()) {
      const { pool, ready } = runtime
      if (pool.template !== template || pool.state !== 'active') continue
      const has = ready.some((each) => version === undefined || each.template.version === version)
      if (!hasResources(pool.resources, resources)) continue
      if (has) return runtime
      if (version === undefined || version === pool.version) empty ??= runtime
    }
    return empty
  }

  /** Whether the machine that ended was an entry of a pool. */
  noteExit(exit: MachineExit): boolean {
    return [...this.#held.values()].some(({ runtime }) => runtime.noteExit(exit.id, exit.detail))
  }

  /** Ends idle entries, of the fullest pools first, until the host can keep what it promised. False, with nothing ended, when it could not even then. */
  async giveWay(): Promise<boolean> {
    const runtimes = [...this.#held.values()].map((each) => each.runtime)
    const idleMiB = () => runtimes.reduce((sum, { ready, pool }) => sum + ready.length * pool.resources.memoryMiB, 0)
    while (!fitsMemory(this.#context, 0)) {
      if (!fitsMemory(this.#context, -idleMiB())) return false
      const [fullest] = runtimes.sort((a, b) => b.ready.length - a.ready.length)
      await fullest?.giveWay()
    }
    return true
  }

  /** Makes this server's part of a pool be as its row says now: held where nobody else holds it, and gone where it is not wanted. */
  async tend(name: Name): Promise<void> {
    const { store, host, clock, options } = this.#context
    await this.#turns.insist(name, async () => {
      const row = await store.pools.get(name)
      if (this.#closing) return
      if (row?.state !== 'active') return this.#end(name)
      const now = clock.now()
      if (await store.leases.take(leaseOf(name), host, now + options.poolLeaseMs, now)) this.#hold(row)
      else await this.#end(name)
    })
  }

  /** Refill stops at once; what is ready goes, as far as the budget reaches. The rest is found by the next start. */
  async close(budgetMs: number): Promise<void> {
    this.#closing = true
    const { log, clock, claims, loops, background, store, host } = this.#context
    const names = [...this.#held.keys()]
    const reason = new HearthError('cancelled', 'the server is ending')
    loops.stop(reason)
    for (const { runtime } of this.#held.values()) runtime.stop()
    const limit = { limitMs: budgetMs, what: 'draining the pools' }
    const drained = await attempt(log, 'drain the pools', () =>
      withDeadline(clock, limit, undefined, async () => {
        await claims.over()
        await Promise.all([...this.#held.keys()].map((name) => this.#end(name)))
        await background.idle()
      }),
    )
    background.stop(reason)
    if (drained) return
    // What is left is handed out by nobody: others need not wait until the leases run out.
    await attempt(log, 'let go of the pools', () => Promise.all(names.map((name) => store.leases.release(leaseOf(name), host))))
  }

  /** Resolves when nothing is being made, ended or handed out. */
  async settled(): Promise<void> {
    await this.#context.background.idle()
    await Promise.all([...this.#held.values()].map(({ runtime }) => runtime.idle()))
  }

  async #tendForEver(signal: AbortSignal): Promise<void> {
    const { clock, options, loops } = this.#context
    while (await slept(clock, options.poolTendIntervalMs, signal)) {
      // Not waited for: what one pool has may never end, and meanwhile the leases of the others would run out.
      loops.run('tend the pools', () => this.tendAll())
      loops.run('sweep what pools left', () => this.#sweep())
    }
  }

  async #sweep(): Promise<void> {
    if (this.#sweeping) return
    this.#sweeping = true
    await sweepEntries(this.#context).finally(() => {
      this.#sweeping = false
    })
  }

  /** As `tend`, of all pools; one that somebody is at is left to them, for what they wait for may never come. */
  async tendAll(): Promise<void> {
    const rows = await this.#context.store.pools.list()
    const names = new Set([...this.#held.keys(), ...rows.map((row) => row.name)])
    for (const name of [...names].filter((each) => !this.#turns.isBusy(each)))
      await attempt(this.#context.log, `tend pool ${name}`, () => this.tend(name))
  }

  #hold(row: Pool): void {
    const held = this.#held.get(row.name)
    if (held) {
      held.change(row)
      return
    }
    const fresh = new HeldPool(this.#context, row)
    this.#held.set(row.name, fresh)
    if (this.#adopted) fresh.start()
  }

  /** Ends the pool's part here, and lets another server hold it. */
  async #end(name: Name): Promise<void> {
    const held = this.#held.get(name)
    if (!held) return
    this.#held.delete(name)
    await held.runtime.end()
    await this.#context.store.leases.release(leaseOf(name), this.#context.host)
  }
}

function leaseOf(name: Name): string {
  return `pool ${name}`
}
