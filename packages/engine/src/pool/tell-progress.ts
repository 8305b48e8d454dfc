import type { PoolContext } from './pool-context.ts'
import { poolEvent } from './pool-event.ts'
import type { PoolRuntime } from './pool-runtime.ts'

/** Records when a pool's refill gets stuck, and when it goes on again. */
export class ProgressTeller {
  readonly #context: Pick<PoolContext, 'store' | 'clock' | 'log'>
  readonly #runtime: Pick<PoolRuntime, 'pool' | 'notProgressing'>
  #stuck = false

  constructor(context: Pick<PoolContext, 'store' | 'clock' | 'log'>, runtime: Pick<PoolRuntime, 'pool' | 'notProgressing'>) {
    this.#context = context
    this.#runtime = runtime
  }

  /** Looks, and says what is new since the last look. */
  async look(): Promise<void> {
    const { pool, notProgressing: reason } = this.#runtime
    if ((reason !== undefined) === this.#stuck) return
    const { store, clock, log } = this.#context
    this.#stuck = reason !== undefined
    const state = this.#stuck ? 'not_progressing' : 'progressing'
    log.warn(`pool.${state}`, { pool: pool.name, ...(reason !== undefined && { reason }) })
    await store.events.append(poolEvent(pool, clock.now(), { state, ...(reason !== undefined && { reason }) }))
  }
}
