import { isHearthError, messageOf, newMachineId, type PoolRollout } from '@hearth/model'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { dropEntry, makeEntry } from './make-entry.ts'
import { fitsMemory, memoryIsSpent } from './memory-budget.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import type { PoolRuntime, Verdict } from './pool-runtime.ts'
import { sourceOf } from './pool-source.ts'
import { countCanary, forgetCanaries, isSameRollout, pass, promote, takeBack } from './rollout.ts'

/** So many failures in a row of a version on probation, and it is taken back. */
const mostFailures = 3

/**
 * Makes canaries of the new version one after the other. When enough of them were validated the version takes over, and they are
 * its first entries; as many failures, or the deadline, and everything stays as it was. Nobody is handed a canary before that.
 */
export async function runRollout(context: PoolContext, runtime: PoolRuntime, signal: AbortSignal): Promise<void> {
  const canaries: HeldEntry[] = []
  const { name, rollout: tried } = runtime.pool
  try {
    await forgetCanaries(context, name)
    for (;;) {
      const rollout = (await context.store.pools.get(name))?.rollout
      if (rollout?.state !== 'canary' || !tried || !isSameRollout(rollout, tried)) return
      if (rollout.validated >= rollout.canaries) {
        runtime.change(await promote(context, name))
        for (const canary of canaries.splice(0)) runtime.welcome(canary)
        return
      }
      const why = reasonToRollBack(rollout, context.clock.now())
      if (why !== undefined) {
        runtime.change(await takeBack(context, name, 'rolled_back', why))
        return
      }
      const made = await tryCanary(context, runtime, rollout, signal)
      if ('row' in made) canaries.push(made)
      await countCanary(context, name, rollout, 'row' in made ? undefined : made.failure)
    }
  } catch (error) {
    // Somebody removed the pool meanwhile.
    if (!isHearthError(error, 'pool_not_found')) throw error
  } finally {
    for (const { row } of canaries)
      await attempt(context.log, `end canary ${row.id}`, () => dropEntry(context, row.id, row.driver))
  }
}

function reasonToRollBack(rollout: PoolRollout, now: number): string | undefined {
  const { failed, canaries, reason, deadlineAt } = rollout
  if (failed >= canaries) return `${failed} of its machines failed; the last one: ${reason ?? 'unknown'}`
  return now >= deadlineAt ? `its deadline has passed${reason ? `; the last failure: ${reason}` : ''}` : undefined
}

async function tryCanary(
  context: PoolContext,
  runtime: PoolRuntime,
  rollout: PoolRollout,
  signal: AbortSignal,
): Promise<HeldEntry | { readonly failure: string }> {
  const limit = { limitMs: Math.max(1, rollout.deadlineAt - context.clock.now()), what: `a canary of version ${rollout.version}` }
  try {
    const pool = { ...runtime.pool, version: rollout.version }
    const source = await sourceOf(context, pool)
    const { memoryMiB } = source.manifest.resources
    if (!fitsMemory(context, memoryMiB)) throw memoryIsSpent(context, memoryMiB)
    const id = newMachineId(context.random)
    context.promisedMemory.add(id, memoryMiB)
    return await withDeadline(context.clock, limit, signal, (within) =>
      makeEntry(context, { id, pool, ...source, canary: true }, within),
    )
  } catch (error) {
    if (signal.aborted) throw error
    context.log.warn('pool.canary_failed', { pool: runtime.pool.name, version: rollout.version, error: messageOf(error) })
    runtime.stats.failed('make', messageOf(error))
    return { failure: messageOf(error) }
  }
}

/** Watches a version that has taken over, until it has stood the test. */
export class Probation {
  #inARow = 0

  /** Whether the version on probation has failed so often in a row that it must go. */
  judge(rollout: PoolRollout | undefined, verdict: Verdict): boolean {
    if (rollout?.state !== 'probation' || verdict.version !== rollout.version) return false
    this.#inARow = verdict.failure === undefined ? 0 : this.#inARow + 1
    return this.#inARow >= mostFailures
  }

  /** Takes it back, and ends what is left of it. */
  async end(context: PoolContext, runtime: PoolRuntime, failure: string): Promise<void> {
    this.#inARow = 0
    const { name, version } = runtime.pool
    const why = `its machines kept failing on probation; the last one: ${failure}`
    const row = await takeBack(context, name, 'rolled_back', why)
    runtime.change(row)
    if (row.version !== version) await runtime.forsake(version)
  }
}

/** Ends a probation that is over. */
export async function passIfDue(context: PoolContext, runtime: PoolRuntime): Promise<void> {
  const { name, rollout } = runtime.pool
  if (rollout?.state !== 'probation' || context.clock.now() < (rollout.probationUntil ?? 0)) return
  runtime.change(await pass(context, name))
}
