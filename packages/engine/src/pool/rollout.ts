import {
  HearthError,
  isHearthError,
  messageOf,
  type Name,
  type Pool,
  type PoolRollout,
  poolLimits,
  templateRef,
} from '@hearth/model'
import { whole } from '../input/checks.ts'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { dropEntry, makeEntry } from './make-entry.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import { poolEvent } from './pool-event.ts'
import type { PoolRuntime } from './pool-runtime.ts'
import { sourceOf } from './pool-source.ts'

/** A new template version for a pool, tried before it takes over. */
export interface RolloutRequest {
  readonly version: number
  /** Entries of the new version that must be validated first; 1 when absent. */
  readonly canaries?: number
  /** Not done by then: rolled back. Five minutes when absent. */
  readonly deadlineMs?: number
}

const usualDeadlineMs = 300_000
const deadlineRange = { min: 1_000, max: 86_400_000 }

/** The rollout that a request asks for. @throws HearthError `invalid_input`, `state_conflict` */
export async function newRollout(context: PoolContext, pool: Pool, request: RolloutRequest): Promise<PoolRollout> {
  if (pool.rollout?.state === 'canary') {
    throw new HearthError('state_conflict', `version ${pool.rollout.version} is being rolled out to pool ${pool.name}`, {
      hint: `Wait, or end it with "hearth pool rollout abort ${pool.name}".`,
    })
  }
  const version = whole(request.version, { min: 1, max: 999_999_999 }, 'version')
  const template = await context.rows.templates.get(templateRef(pool.template, version))
  if (template.state !== 'ready')
    throw new HearthError('state_conflict', `template ${template.ref} is ${template.state}, not ready`)
  if (version === pool.version) throw new HearthError('state_conflict', `pool ${pool.name} is made of version ${version} already`)
  const now = context.clock.now()
  return {
    version,
    state: 'canary',
    canaries: whole(request.canaries ?? 1, poolLimits.canaries, 'canaries'),
    validated: 0,
    failed: 0,
    startedAt: now,
    deadlineAt: now + whole(request.deadlineMs ?? usualDeadlineMs, deadlineRange, 'deadlineMs'),
  }
}

/**
 * Makes canaries of the new version one after the other. When enough of them were validated the version takes over, and they are
 * its first entries; as many failures, or the deadline, and everything stays as it was. Nobody is handed a canary before that.
 */
export async function runRollout(context: PoolContext, runtime: PoolRuntime, signal: AbortSignal): Promise<void> {
  const canaries: HeldEntry[] = []
  const { name } = runtime.pool
  try {
    for (;;) {
      const rollout = await currentRollout(context, name)
      if (!rollout) return
      if (rollout.validated >= rollout.canaries) {
        runtime.change(await endRollout(context, name, 'done'))
        for (const canary of canaries.splice(0)) runtime.giveBack(canary)
        return
      }
      const why = reasonToRollBack(rollout, context.clock.now())
      if (why !== undefined) return void (await endRollout(context, name, 'rolled_back', why))
      const made = await tryCanary(context, runtime, rollout, signal)
      if ('row' in made) canaries.push(made)
      await changeRollout(context, name, (now) =>
        'row' in made ? { validated: now.validated + 1 } : { failed: now.failed + 1, reason: made.failure },
      )
    }
  } finally {
    for (const { row } of canaries)
      await attempt(context.log, `end canary ${row.id}`, () => dropEntry(context, row.id, row.driver))
  }
}

/** Ends a rollout that is under way, and changes nothing else. @throws HearthError `state_conflict` when there is none */
export function abortRollout(context: PoolContext, pool: Pool): Promise<Pool> {
  if (pool.rollout?.state !== 'canary')
    throw new HearthError('state_conflict', `nothing is being rolled out to pool ${pool.name}`)
  return endRollout(context, pool.name, 'aborted', 'somebody asked for it')
}

function reasonToRollBack(rollout: PoolRollout, now: number): string | undefined {
  if (rollout.failed >= rollout.canaries) return `${rollout.failed} canaries failed; the last one: ${rollout.reason ?? 'unknown'}`
  return now >= rollout.deadlineAt
    ? `its deadline has passed${rollout.reason ? `; the last failure: ${rollout.reason}` : ''}`
    : undefined
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
    return await withDeadline(context.clock, limit, signal, (within) =>
      makeEntry(context, { pool, ...source, canary: true }, within),
    )
  } catch (error) {
    if (signal.aborted) throw error
    context.log.warn('pool.canary_failed', { pool: runtime.pool.name, version: rollout.version, error: messageOf(error) })
    return { failure: messageOf(error) }
  }
}

async function currentRollout(context: PoolContext, name: Name): Promise<PoolRollout | undefined> {
  const rollout = (await context.store.pools.get(name))?.rollout
  return rollout?.state === 'canary' ? rollout : undefined
}

function endRollout(context: PoolContext, name: Name, state: PoolRollout['state'], reason?: string): Promise<Pool> {
  const endedAt = context.clock.now()
  context.log.info('pool.rollout_ended', { pool: name, state, reason })
  return changeRollout(context, name, () => ({ state, endedAt, ...(reason !== undefined && { reason }) }))
}

/** Changes the rollout as it is now; a version that is done becomes the pool's. What is over stays as it ended. */
async function changeRollout(
  context: PoolContext,
  name: Name,
  decide: (now: PoolRollout) => Partial<PoolRollout>,
): Promise<Pool> {
  const { pools } = context.store
  for (;;) {
    const row = await pools.get(name)
    if (!row?.rollout) throw new HearthError('pool_not_found', `pool ${name} is gone`)
    if (row.rollout.state !== 'canary') return row
    const rollout = { ...row.rollout, ...decide(row.rollout) }
    const change = { rollout, ...(rollout.state === 'done' && { version: rollout.version }) }
    const news = rollout.state === 'canary' ? {} : { event: poolEvent({ ...row, ...change }, context.clock.now()) }
    try {
      return await pools.update(name, row.rev, change, news)
    } catch (error) {
      if (!isHearthError(error, 'store_conflict')) throw error
    }
  }
}
