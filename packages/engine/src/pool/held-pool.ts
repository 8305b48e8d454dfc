import type { Pool } from '@hearth/model'
import { LinkedAbort } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { slept } from '../time/every.ts'
import { fitsMemory } from './memory-budget.ts'
import type { PoolContext } from './pool-context.ts'
import { PoolRuntime, type Verdict } from './pool-runtime.ts'
import { sourceOf } from './pool-source.ts'
import { SnapshotRefresh } from './refresh-snapshot.ts'
import { Probation, passIfDue, runRollout } from './run-rollout.ts'
import { ProgressTeller } from './tell-progress.ts'

/** A pool that this server holds, and what is looked after on its interval. */
export class HeldPool {
  readonly runtime: PoolRuntime
  readonly #context: PoolContext
  readonly #refresh: SnapshotRefresh
  readonly #probation = new Probation()
  readonly #progress: ProgressTeller
  #started = false
  #rolling = false
  #loop: AbortController | undefined

  constructor(context: PoolContext, pool: Pool) {
    this.#context = context
    this.#refresh = new SnapshotRefresh(context.clock)
    this.runtime = new PoolRuntime(context, pool, {
      source: (now) => sourceOf(context, now),
      fits: (memoryMiB) => fitsMemory(context, memoryMiB),
      quiet: (signal) => context.claims.quiet(signal),
      judge: (verdict) => this.#judge(verdict),
    })
    this.#progress = new ProgressTeller(context, this.runtime)
  }

  /** Fills it, and looks again on its interval. */
  start(): void {
    this.#started = true
    this.runtime.refill()
    this.#everyInterval()
    this.#rollOut()
  }

  change(row: Pool): void {
    const { pool } = this.runtime
    if (row.rev === pool.rev) return
    this.runtime.change(row)
    if (!this.#started) return
    if (row.settings.refillIntervalMs !== pool.settings.refillIntervalMs) this.#everyInterval()
    this.#rollOut()
  }

  #everyInterval(): void {
    const { loops, clock, log } = this.#context
    const { runtime } = this
    const { name, settings } = runtime.pool
    this.#loop?.abort()
    const loop = new AbortController()
    this.#loop = loop
    loops.run(`look after pool ${name}`, async (signal) => {
      const abort = new LinkedAbort(signal, runtime.ending, loop.signal)
      try {
        while (await slept(clock, settings.refillIntervalMs, abort.signal)) {
          runtime.tick()
          // One that was cut short, or that began while the canaries of another were on their way.
          this.#rollOut()
          await attempt(log, `tell how pool ${name} goes on`, () => this.#progress.look())
          await attempt(log, `look after pool ${name}`, async () => {
            await passIfDue(this.#context, runtime)
            await this.#refresh.look(this.#context, runtime)
          })
        }
      } finally {
        abort.release()
      }
    })
  }

  #rollOut(): void {
    const { runtime } = this
    if (this.#rolling || runtime.pool.rollout?.state !== 'canary') return
    this.#rolling = true
    runtime.beside(`roll out to pool ${runtime.pool.name}`, async (signal) => {
      try {
        await runRollout(this.#context, runtime, signal)
      } finally {
        this.#rolling = false
      }
    })
  }

  #judge(verdict: Verdict): void {
    const { runtime } = this
    if (!this.#probation.judge(runtime.pool.rollout, verdict)) return
    const failure = verdict.failure ?? 'unknown'
    runtime.beside(`roll back pool ${runtime.pool.name}`, () => this.#probation.end(this.#context, runtime, failure))
  }
}
