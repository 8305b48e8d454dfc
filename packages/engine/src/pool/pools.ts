import {
  type Cancellable,
  HearthError,
  isHearthError,
  type MachineId,
  type Name,
  type Pool,
  type Progress,
  parseName,
} from '@hearth/model'
import type { LaunchOrder } from '../launch/launch-order.ts'
import type { Phases } from '../launch/phases.ts'
import type { Warm, WarmSource } from '../launch/warm-source.ts'
import { mustBeAt } from '../snapshots/change-snapshot.ts'
import type { ScalePlan, ScaleRequest } from './autoscale/plan-scale.ts'
import type { EnginePools, PoolChangeOptions, PoolRequest, PoolStatus } from './engine-pools.ts'
import { HeldPools } from './held-pools.ts'
import { launchWarm } from './launch-warm.ts'
import { memoryIsSpent } from './memory-budget.ts'
import { newPool } from './new-pool.ts'
import type { PoolContext } from './pool-context.ts'
import { poolEvent } from './pool-event.ts'
import type { PoolRuntime } from './pool-runtime.ts'
import { sourceOf } from './pool-source.ts'
import { statusOf } from './pool-status.ts'
import { isUnderway, newRollout, type RolloutRequest, takeBack } from './rollout.ts'

/** What users do with pools. */
export class Pools implements EnginePools, WarmSource {
  readonly held: HeldPools
  readonly #context: PoolContext

  constructor(context: PoolContext) {
    this.#context = context
    this.held = new HeldPools(context)
  }

  launch(order: LaunchOrder, phases: Phases, signal?: AbortSignal): Promise<Warm> {
    return launchWarm(this.#context, this.held, { wish: order, phases }, signal)
  }

  takeOver(): Promise<void> {
    return this.held.tendAll()
  }

  async list(): Promise<PoolStatus[]> {
    const rows = await this.#context.store.pools.list()
    return rows.sort((a, b) => a.name.localeCompare(b.name)).map((pool) => this.#status(pool))
  }

  async get(name: string): Promise<PoolStatus> {
    return this.#status(await this.#row(name))
  }

  async set(name: string, request: PoolRequest, options: PoolChangeOptions = {}): Promise<PoolStatus> {
    const poolName = parseName(name, 'pool')
    const before = await this.#context.store.pools.get(poolName)
    if (before) mustBeAt(before, options.ifRev, `pool ${poolName}`)
    else if (options.ifRev !== undefined) throw noPool(name)
    const wanted = await newPool(this.#context, poolName, request, before)
    const row = before ? await this.#change(before, wanted) : await this.#insert(wanted)
    await this.held.tend(poolName)
    const runtime = this.held.get(poolName)
    if (request.cutOver && runtime) await runtime.cutOver((await sourceOf(this.#context, row)).manifest.id)
    return this.#status(row)
  }

  async warm(name: string, options: Cancellable & { readonly progress?: Progress } = {}): Promise<PoolStatus> {
    await this.#here(await this.#row(name)).warm(options)
    return this.get(name)
  }

  async drain(name: string, options: PoolChangeOptions = {}): Promise<PoolStatus> {
    const row = await this.#change(await this.#row(name, options), { state: 'draining' })
    await this.held.tend(row.name)
    return this.#status(row)
  }

  async remove(name: string, options: PoolChangeOptions = {}): Promise<void> {
    const row = await this.#change(await this.#row(name, options), { state: 'draining' })
    await this.held.tend(row.name)
    const event = poolEvent(row, this.#context.clock.now(), { removed: true })
    try {
      await this.#context.store.pools.delete(row.name, row.rev, { event })
    } catch (error) {
      throw isHearthError(error, 'store_conflict') ? changedMeanwhile(row, error) : error
    }
  }

  async rollOut(name: string, request: RolloutRequest, options: PoolChangeOptions = {}): Promise<PoolStatus> {
    const before = await this.#row(name, options)
    const row = await this.#change(before, { rollout: await newRollout(this.#context, before, request) })
    await this.held.tend(row.name)
    return this.#status(row)
  }

  async abortRollout(name: string): Promise<PoolStatus> {
    const before = await this.#row(name)
    if (!isUnderway(before.rollout)) {
      throw new HearthError('state_conflict', `nothing is being rolled out to pool ${before.name}`)
    }
    const row = await takeBack(this.#context, before.name, 'aborted', 'somebody asked for it')
    await this.held.tend(row.name)
    if (row.version !== before.version) await this.held.get(row.name)?.forsake(before.version)
    return this.#status(row)
  }

  async planScale(name: string, request?: ScaleRequest): Promise<ScalePlan> {
    const { scaler } = this.#here(await this.#row(name))
    const { clock, options } = this.#context
    return scaler.plan(clock.monotonicMs(), request, options.largestPool)
  }

  async promise(id: MachineId, memoryMiB: number): Promise<void> {
    const { promisedMemory } = this.#context
    // Promised before there is room for it: else refill would take what others give up for this.
    promisedMemory.add(id, memoryMiB)
    if (await this.held.giveWay()) return
    promisedMemory.release(id)
    throw memoryIsSpent(this.#context, memoryMiB)
  }

  async #row(name: string, { ifRev }: PoolChangeOptions = {}): Promise<Pool> {
    const row = await this.#context.store.pools.get(parseName(name, 'pool'))
    if (!row) throw noPool(name)
    mustBeAt(row, ifRev, `pool ${row.name}`)
    return row
  }

  #here(row: Pool): PoolRuntime {
    const runtime = this.held.get(row.name)
    if (runtime) return runtime
    if (row.state === 'draining') throw new HearthError('state_conflict', `pool ${row.name} is draining`)
    throw new HearthError('wrong_host', `pool ${row.name} is held by another server`)
  }

  async #change(row: Pool, change: Partial<Omit<Pool, 'rev'>>): Promise<Pool> {
    const event = poolEvent({ ...row, ...change }, this.#context.clock.now())
    try {
      return await this.#context.store.pools.update(row.name, row.rev, change, { event })
    } catch (error) {
      throw isHearthError(error, 'store_conflict') ? changedMeanwhile(row, error) : error
    }
  }

  async #insert(row: Omit<Pool, 'rev'>): Promise<Pool> {
    try {
      return await this.#context.store.pools.insert(row, { event: poolEvent(row, this.#context.clock.now()) })
    } catch (error) {
      throw isHearthError(error, 'store_conflict', 'name_taken') ? changedMeanwhile(row, error) : error
    }
  }

  #status(row: Pool): PoolStatus {
    return statusOf(row, this.held.get(row.name as Name), this.#context.clock.now())
  }
}

function noPool(name: string): HearthError {
  return new HearthError('pool_not_found', `there is no pool ${JSON.stringify(name)}`, {
    hint: 'List them with "hearth pool list".',
  })
}

function changedMeanwhile({ name }: Pick<Pool, 'name'>, cause: unknown): HearthError {
  return new HearthError('store_conflict', `pool ${name} was changed at the same time; look again`, { cause })
}
