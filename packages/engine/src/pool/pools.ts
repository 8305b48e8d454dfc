import {
  type Cancellable,
  HearthError,
  isHearthError,
  type MachineExit,
  type Name,
  type Pool,
  parseName,
  type Resources,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { adoptEntries } from './adopt-entries.ts'
import { Claims } from './claims.ts'
import type { EnginePools, PoolRequest, PoolStatus } from './engine-pools.ts'
import { fitsMemory } from './memory-budget.ts'
import { newPool } from './new-pool.ts'
import { PoolRuntime } from './pool-runtime.ts'
import { sourceOf } from './pool-source.ts'
import { statusOf } from './pool-status.ts'
import type { CustomValidators } from './validate-entry.ts'

/** How long a server counts as the holder of a pool after it was last heard of, in milliseconds. */
const leaseMs = 15_000

/** All pools, and the part of each that lives on this host. */
export class Pools implements EnginePools {
  readonly validators: CustomValidators
  readonly claims: Claims
  readonly #context: Context
  readonly #runtimes = new Map<Name, PoolRuntime>()
  #closing = false
  /** Nothing is made before it is known what is there already. */
  #adopted = false

  constructor(context: Context, validators: CustomValidators) {
    this.#context = context
    this.validators = validators
    this.claims = new Claims(context.clock)
  }

  /** Takes what an earlier server left, and begins to tend. */
  async start(): Promise<void> {
    await this.#tend()
    await adoptEntries(this.#context, this.#runtimes)
    this.#adopted = true
    for (const runtime of this.#runtimes.values()) runtime.refill()
    const { poolTendIntervalMs } = this.#context.options
    if (poolTendIntervalMs > 0)
      this.#context.background.run('tend pools', (signal) => this.#tendForEver(poolTendIntervalMs, signal))
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

  async list(): Promise<PoolStatus[]> {
    const rows = await this.#context.store.pools.list()
    return rows.sort((a, b) => a.name.localeCompare(b.name)).map((pool) => this.#status(pool))
  }

  async get(name: string): Promise<PoolStatus> {
    return this.#status(await this.#row(name))
  }

  async set(name: string, request: PoolRequest): Promise<PoolStatus> {
    const poolName = parseName(name, 'pool')
    const before = await this.#context.store.pools.get(poolName)
    const wanted = await newPool(this.#context, poolName, request, before)
    const row = before ? await this.#change(before, wanted) : await this.#context.store.pools.insert(wanted)
    await this.#tendOne(row)
    const runtime = this.#runtimes.get(poolName)
    if (request.cutOver && runtime) {
      const { manifest } = await sourceOf(this.#context, row)
      await runtime.cutOver(manifest.id)
    }
    return this.#status(row)
  }

  async warm(name: string, options: Cancellable = {}): Promise<PoolStatus> {
    const row = await this.#row(name)
    await this.#here(row).warm(options.signal)
    return this.get(name)
  }

  async drain(name: string): Promise<PoolStatus> {
    const row = await this.#change(await this.#row(name), { state: 'draining' })
    await this.#end(row.name)
    return this.#status(row)
  }

  async remove(name: string): Promise<void> {
    const row = await this.#row(name)
    await this.#change(row, { state: 'draining' })
    await this.#end(row.name)
    const now = await this.#row(name)
    await this.#context.store.pools.delete(now.name, now.rev)
  }

  /** Refill stops at once; what is ready goes, as far as the budget reaches. The rest is found by the next start. */
  async close(budgetMs: number): Promise<void> {
    this.#closing = true
    const { log, clock } = this.#context
    const limit = { limitMs: budgetMs, what: 'draining the pools' }
    await attempt(log, 'drain the pools', () =>
      withDeadline(clock, limit, undefined, async () => {
        await Promise.all([...this.#runtimes.keys()].map((name) => this.#end(name)))
      }),
    )
  }

  async #tendForEver(intervalMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#context.clock.sleep(intervalMs, signal)
      await attempt(this.#context.log, 'tend the pools', () => this.#tend())
    }
  }

  /** Holds the lease of every pool that nobody else holds, and lets go of pools that are gone. */
  async #tend(): Promise<void> {
    const rows = await this.#context.store.pools.list()
    for (const name of this.#runtimes.keys()) if (!rows.some((row) => row.name === name)) await this.#end(name)
    for (const row of rows) await this.#tendOne(row)
  }

  async #tendOne(row: Pool): Promise<void> {
    if (this.#closing || row.state === 'draining') return
    const { store, host, clock } = this.#context
    const now = clock.now()
    const mine = await store.leases.take(`pool ${row.name}`, host, now + leaseMs, now)
    const runtime = this.#runtimes.get(row.name)
    if (!mine) {
      if (runtime) await this.#end(row.name)
    } else if (runtime) {
      if (runtime.pool.rev !== row.rev) runtime.change(row)
    } else this.#begin(row)
  }

  #begin(row: Pool): void {
    const context = this.#context
    const runtime = new PoolRuntime(context, row, {
      source: (pool) => sourceOf(context, pool),
      fits: (memoryMiB) => fitsMemory(context, memoryMiB),
      quiet: (signal) => this.claims.quiet(signal),
    })
    this.#runtimes.set(row.name, runtime)
    context.background.run(`refill ${row.name} on its interval`, async (signal) => {
      while (this.#runtimes.get(row.name) === runtime) {
        await context.clock.sleep(runtime.pool.settings.refillIntervalMs, signal)
        runtime.refill()
      }
    })
    if (this.#adopted) runtime.refill()
  }

  async #end(name: Name): Promise<void> {
    const runtime = this.#runtimes.get(name)
    this.#runtimes.delete(name)
    await runtime?.end()
    await this.#context.store.leases.release(`pool ${name}`, this.#context.host)
  }

  async #row(name: string): Promise<Pool> {
    const row = await this.#context.store.pools.get(parseName(name, 'pool'))
    if (row) return row
    throw new HearthError('pool_not_found', `there is no pool ${JSON.stringify(name)}`, {
      hint: 'List them with "hearth pool list".',
    })
  }

  #here(row: Pool): PoolRuntime {
    const runtime = this.#runtimes.get(row.name)
    if (runtime) return runtime
    if (row.state === 'draining') throw new HearthError('state_conflict', `pool ${row.name} is draining`)
    throw new HearthError('wrong_host', `pool ${row.name} is held by another server`)
  }

  async #change(row: Pool, change: Partial<Omit<Pool, 'rev'>>): Promise<Pool> {
    try {
      return await this.#context.store.pools.update(row.name, row.rev, change)
    } catch (error) {
      if (!isHearthError(error, 'store_conflict')) throw error
      throw new HearthError('store_conflict', `pool ${row.name} was changed at the same time; look again`, { cause: error })
    }
  }

  #status(row: Pool): PoolStatus {
    return statusOf(row, this.#runtimes.get(row.name), this.#context.clock.now())
  }
}

function hasResources(pool: Resources, wanted: Partial<Resources> = {}): boolean {
  return (['vcpus', 'memoryMiB', 'diskMiB'] as const).every((each) => wanted[each] === undefined || wanted[each] === pool[each])
}
