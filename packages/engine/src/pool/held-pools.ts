import { isHearthError, type MachineExit, type Name, type Pool, type Resources } from '@hearth/model'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { adoptEntries } from './adopt-entries.ts'
import { fitsMemory } from './memory-budget.ts'
import type { PoolContext } from './pool-context.ts'
import { type EntrySource, PoolRuntime } from './pool-runtime.ts'
import { sourceOf } from './pool-source.ts'
import { isStale, refreshSnapshot, retireSnapshots } from './refresh-snapshot.ts'
import { runRollout } from './rollout.ts'
import { ProgressTeller } from './tell-progress.ts'

/** How long a server counts as the holder of a pool after it was last heard of, in milliseconds. */
const leaseMs = 15_000

/** The pools that this server holds: one server at a time has the lease of a pool, and fills it. */
export class HeldPools {
  readonly #context: PoolContext
  readonly #runtimes = new Map<Name, PoolRuntime>()
  readonly #refreshing = new Set<Name>()
  readonly #rolling = new Set<Name>()
  #closing = false
  /** Nothing is made before it is known what is there already. */
  #adopted = false

  constructor(context: PoolContext) {
    this.#context = context
  }

  /** Takes what an earlier server left, and begins to tend. */
  async start(): Promise<void> {
    await this.#tend()
    await adoptEntries(this.#context, this.#runtimes)
    this.#adopted = true
    for (const runtime of this.#runtimes.values()) runtime.refill()
    const { poolTendIntervalMs } = this.#context.options
    if (poolTendIntervalMs > 0) {
      this.#context.background.run('tend pools', (signal) => this.#tendForEver(poolTendIntervalMs, signal))
    }
  }

  get(name: Name): PoolRuntime | undefined {
    return this.#runtimes.get(name)
  }

  /** The pool whose machines serve launches of `template`; `version` and `resources` must be the pool's where they are given. */
  serving(template: Name, version: number | undefined, resources: Partial<Resources> | undefined): PoolRuntime | undefined {
    for (const runtime of this.#runtimes.values()) {
      const { pool } = runtime
      if (pool.template !== template || (version !== undefined && version !== pool.version)) continue
      if (pool.state === 'active' && hasResources(pool.resources, resources)) return runtime
    }
    return undefined
  }

  /** Whether the machine that ended was an entry of a pool. */
  noteExit(exit: MachineExit): boolean {
    return [...this.#runtimes.values()].some((runtime) => runtime.noteExit(exit.id, exit.detail))
  }

  /** Holds the lease of a pool if nobody else does, and makes its part here be as its row says. */
  async tend(row: Pool): Promise<void> {
    if (this.#closing || row.state === 'draining') return
    const { store, host, clock } = this.#context
    const now = clock.now()
    const mine = await store.leases.take(leaseOf(row.name), host, now + leaseMs, now)
    const runtime = this.#runtimes.get(row.name)
    if (!mine) {
      if (runtime) await this.end(row.name)
    } else if (!runtime) this.#begin(row)
    else if (runtime.pool.rev !== row.rev) runtime.change(row)
    if (mine && row.rollout?.state === 'canary') this.#roll(row.name)
  }

  /** Ends the pool's part here, and lets another server hold it. */
  async end(name: Name): Promise<void> {
    const runtime = this.#runtimes.get(name)
    this.#runtimes.delete(name)
    if (!runtime) return
    await runtime.end()
    await this.#context.store.leases.release(leaseOf(name), this.#context.host)
  }

  /** Refill stops at once; what is ready goes, as far as the budget reaches. The rest is found by the next start. */
  async close(budgetMs: number): Promise<void> {
    this.#closing = true
    const { log, clock } = this.#context
    const limit = { limitMs: budgetMs, what: 'draining the pools' }
    await attempt(log, 'drain the pools', () =>
      withDeadline(clock, limit, undefined, async () => {
        await Promise.all([...this.#runtimes.keys()].map((name) => this.end(name)))
      }),
    )
  }

  async #tendForEver(intervalMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#context.clock.sleep(intervalMs, signal)
      await attempt(this.#context.log, 'tend the pools', () => this.#tend())
    }
  }

  async #tend(): Promise<void> {
    const rows = await this.#context.store.pools.list()
    for (const name of [...this.#runtimes.keys()]) if (!rows.some((row) => row.name === name)) await this.end(name)
    for (const row of rows) await this.tend(row)
  }

  #begin(row: Pool): void {
    const context = this.#context
    const runtime = new PoolRuntime(context, row, {
      source: (pool) => sourceOf(context, pool),
      fits: (memoryMiB) => fitsMemory(context, memoryMiB),
      quiet: (signal) => context.claims.quiet(signal),
    })
    this.#runtimes.set(row.name, runtime)
    const progress = new ProgressTeller(context, runtime)
    context.background.run(`refill ${row.name} on its interval`, async (signal) => {
      while (this.#runtimes.get(row.name) === runtime) {
        await context.clock.sleep(runtime.pool.settings.refillIntervalMs, signal)
        runtime.refill()
        await attempt(context.log, `tell how pool ${row.name} goes on`, () => progress.look())
        await this.#refreshIfStale(runtime)
      }
    })
    if (this.#adopted) runtime.refill()
  }

  /** The old snapshot serves until the new one was proven; a version that cannot be made again leaves it in place. */
  async #refreshIfStale(runtime: PoolRuntime): Promise<void> {
    const { name } = runtime.pool
    if (!runtime.started || this.#refreshing.has(name)) return
    const source = await sourceIfAny(this.#context, runtime.pool)
    if (!source || !isStale(runtime.pool, source, this.#context.clock.now())) return
    this.#refreshing.add(name)
    this.#context.background.run(`refresh the snapshot of pool ${name}`, async (signal) => {
      try {
        await refreshSnapshot(this.#context, source.template, signal)
        await retireSnapshots(this.#context, source.template)
      } finally {
        this.#refreshing.delete(name)
      }
    })
  }

  #roll(name: Name): void {
    const runtime = this.#runtimes.get(name)
    if (!runtime || this.#rolling.has(name)) return
    this.#rolling.add(name)
    this.#context.background.run(`roll out to pool ${name}`, async (signal) => {
      try {
        await runRollout(this.#context, runtime, signal)
      } finally {
        this.#rolling.delete(name)
      }
    })
  }
}

/** Refill says what is missing; there is nothing to refresh then. */
async function sourceIfAny(context: PoolContext, pool: Pool): Promise<EntrySource | undefined> {
  try {
    return await sourceOf(context, pool)
  } catch (error) {
    if (isHearthError(error, 'template_not_found', 'snapshot_not_ready')) return undefined
    throw error
  }
}

function leaseOf(name: Name): string {
  return `pool ${name}`
}

function hasResources(pool: Resources, wanted: Partial<Resources> = {}): boolean {
  return (['vcpus', 'memoryMiB', 'diskMiB'] as const).every((each) => wanted[each] === undefined || wanted[each] === pool[each])
}
