import { type Clock, messageOf, type Pool, type Snapshot, type Template, templateRef } from '@hearth/model'
import { eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { bringTemplate } from '../templates/bring-template.ts'
import { makeTemplateSnapshot } from '../templates/template-snapshot.ts'
import { attempt } from '../time/background.ts'
import type { PoolContext } from './pool-context.ts'
import type { PoolRuntime } from './pool-runtime.ts'
import { sourceIfAny } from './pool-source.ts'

const firstPauseMs = 60_000
const longestPauseMs = 3_600_000

/** Keeps the snapshot that a pool's entries are made of young. The old one serves until the new one was proven. */
export class SnapshotRefresh {
  readonly #clock: Clock
  #underway = false
  #failures = 0
  #notBefore = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins in the background what is due. A version that cannot be made again leaves the old one in place. */
  async look(context: PoolContext, runtime: PoolRuntime): Promise<void> {
    if (this.#underway || !runtime.started || this.#clock.now() < this.#notBefore) return
    const source = await sourceIfAny(context, runtime.pool)
    if (!source) {
      const template = await templateElsewhere(context, runtime.pool)
      if (template) this.#begin(runtime, `bring ${template.ref} here`, (signal) => bringTemplate(context, template, signal))
      return
    }
    const dueAt = source.manifest.createdAt + runtime.pool.settings.snapshotMaxAgeMs
    if (this.#clock.now() < dueAt) {
      this.#notBefore = Math.min(dueAt, this.#clock.now() + firstPauseMs)
      return
    }
    this.#begin(runtime, `refresh the snapshot of pool ${runtime.pool.name}`, (signal) =>
      refresh(context, runtime.pool, source.template, signal),
    )
  }

  #begin(runtime: PoolRuntime, what: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.#underway = true
    runtime.beside(what, async (signal) => {
      try {
        await work(signal)
        this.#failures = 0
        runtime.refill()
      } catch (error) {
        this.#failed(runtime, what, error)
        throw error
      } finally {
        this.#underway = false
      }
    })
  }

  /** A snapshot costs a whole boot: what fails is not tried again at once. */
  #failed(runtime: PoolRuntime, what: string, error: unknown): void {
    this.#notBefore = this.#clock.now() + Math.min(firstPauseMs * 2 ** this.#failures, longestPauseMs)
    this.#failures += 1
    runtime.stats.failed('make', `${what}: ${messageOf(error)}`)
  }
}

/** A version that was built on another host, whose pool is held here now. */
async function templateElsewhere(context: PoolContext, pool: Pool): Promise<Template | undefined> {
  const template = await context.store.templates.get(templateRef(pool.template, pool.version))
  return template?.state === 'ready' && template.host !== context.host ? template : undefined
}

/** Unless somebody else has done it meanwhile. The new one counts only once a test restore of it answered. */
async function refresh(context: PoolContext, pool: Pool, template: Template, signal: AbortSignal): Promise<void> {
  const signals = [signal, context.background.ending]
  await context.turns.take(`template ${template.name}`, signals, async (within): Promise<Snapshot | undefined> => {
    const now = await sourceIfAny(context, pool)
    if (!now || context.clock.now() - now.manifest.createdAt < pool.settings.snapshotMaxAgeMs) return undefined
    const driver = context.drivers.of(template.driver)
    return makeTemplateSnapshot(context, driver, template, { progress: () => undefined, signal: within })
  })
  await retireSnapshots(context, template)
}

/** Removes template snapshots that a newer one has replaced and that nothing lives from any more. */
async function retireSnapshots(context: PoolContext, template: Pick<Template, 'ref'>): Promise<void> {
  const own = (await context.store.snapshots.byTemplate(template.ref, 'template')).filter(
    (each) => each.host === context.host && each.state === 'ready',
  )
  const [, ...older] = own.sort((a, b) => b.createdAt - a.createdAt)
  for (const snapshot of older.filter((each) => !each.pinned)) {
    if ((await context.store.snapshots.children(snapshot.id)).length > 0) continue
    if (!context.snapshotUses.isIdle(snapshot.id) || !context.snapshotUses.beginRemoval(snapshot.id)) continue
    try {
      await attempt(context.log, `retire ${snapshot.id}`, () => eraseSnapshot(context, snapshot))
    } finally {
      context.snapshotUses.endRemoval(snapshot.id)
    }
  }
}
