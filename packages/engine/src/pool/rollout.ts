import {
  HearthError,
  isHearthError,
  type Name,
  type Pool,
  type PoolRollout,
  poolLimits,
  type Template,
  templateRef,
} from '@hearth/model'
import { whole } from '../input/checks.ts'
import type { PoolContext } from './pool-context.ts'
import { poolEvent } from './pool-event.ts'

/** A new template version for a pool, tried before it takes over. */
export interface RolloutRequest {
  readonly version: number
  /** Entries of the new version that must be validated first; 1 when absent. */
  readonly canaries?: number
  /** Not done by then: rolled back. Five minutes when absent. */
  readonly deadlineMs?: number
  /** How long it is taken back once it has taken over, when its machines keep failing; five minutes when absent, 0: never. */
  readonly probationMs?: number
}

const usualDeadlineMs = 300_000
const usualProbationMs = 300_000
const deadlineRange = { min: 1_000, max: 86_400_000 }

/** Whether something is being rolled out: on trial, or on probation. */
export function isUnderway(rollout: PoolRollout | undefined): boolean {
  return rollout?.state === 'canary' || rollout?.state === 'probation'
}

/** The rollout that a request asks for. @throws HearthError `invalid_input`, `state_conflict`, `template_not_found` */
export async function newRollout(context: PoolContext, pool: Pool, request: RolloutRequest): Promise<PoolRollout> {
  if (isUnderway(pool.rollout)) throw underway(pool)
  const version = whole(request.version, { min: 1, max: 999_999_999 }, 'version')
  const template = await context.rows.templates.get(templateRef(pool.template, version))
  if (template.state !== 'ready')
    throw new HearthError('state_conflict', `template ${template.ref} is ${template.state}, not ready`)
  if (version === pool.version) throw new HearthError('state_conflict', `pool ${pool.name} is made of version ${version} already`)
  if (pool.state !== 'active') throw new HearthError('state_conflict', `pool ${pool.name} is ${pool.state}`)
  refuseOtherSize(pool, template)
  const now = context.clock.now()
  return {
    version,
    from: pool.version,
    state: 'canary',
    canaries: whole(request.canaries ?? 1, poolLimits.canaries, 'canaries'),
    validated: 0,
    failed: 0,
    startedAt: now,
    deadlineAt: now + whole(request.deadlineMs ?? usualDeadlineMs, deadlineRange, 'deadlineMs'),
    probationMs: whole(request.probationMs ?? usualProbationMs, poolLimits.probationMs, 'probationMs'),
  }
}

/** Old and new entries serve side by side, so they must be of one size. */
function refuseOtherSize({ name, resources }: Pool, { ref, spec }: Template): void {
  if ((['vcpus', 'memoryMiB', 'diskMiB'] as const).every((each) => spec.resources[each] === resources[each])) return
  throw new HearthError('state_conflict', `template ${ref} has other resources than the machines of pool ${name}`, {
    hint: `Set the pool to that version at once: "hearth pool set ${name} --template ${ref}".`,
  })
}

/** What is said when something else is asked of a pool meanwhile. */
export function underway(pool: Pool): HearthError {
  return new HearthError('state_conflict', `version ${pool.rollout?.version} is being rolled out to pool ${pool.name}`, {
    hint: `Wait, or end it with "hearth pool rollout abort ${pool.name}".`,
  })
}

/** The new version serves from now on: on probation, or for good. */
export function promote(context: PoolContext, name: Name): Promise<Pool> {
  const now = context.clock.now()
  return changeRollout(context, name, ['canary'], ({ version, probationMs }) => ({
    version,
    rollout: probationMs > 0 ? { state: 'probation', probationUntil: now + probationMs } : { state: 'done', endedAt: now },
  }))
}

/** It has stood the test. */
export function pass(context: PoolContext, name: Name): Promise<Pool> {
  return changeRollout(context, name, ['probation'], () => ({ rollout: { state: 'done', endedAt: context.clock.now() } }))
}

/** Everything is as it was before: also the version, where the new one serves already. */
export function takeBack(context: PoolContext, name: Name, state: 'rolled_back' | 'aborted', reason: string): Promise<Pool> {
  context.log.info('pool.rollout_ended', { pool: name, state, reason })
  const ended = { state, reason, endedAt: context.clock.now() }
  return changeRollout(context, name, ['canary', 'probation'], ({ from }) => ({ version: from, rollout: ended }))
}

/** Whether both rows speak of one rollout: another may have begun when the first was ended by hand. */
export function isSameRollout(a: PoolRollout, b: PoolRollout): boolean {
  return a.version === b.version && a.startedAt === b.startedAt
}

/** Counts a canary that was made for `tried`. */
export function countCanary(context: PoolContext, name: Name, tried: PoolRollout, failure: string | undefined): Promise<Pool> {
  return changeRollout(context, name, ['canary'], (now) => {
    if (!isSameRollout(now, tried)) return { rollout: {} }
    const { validated, failed } = now
    return { rollout: failure === undefined ? { validated: validated + 1 } : { failed: failed + 1, reason: failure } }
  })
}

/** Canaries die with their server: whoever goes on makes them again. */
export function forgetCanaries(context: PoolContext, name: Name): Promise<Pool> {
  return changeRollout(context, name, ['canary'], () => ({ rollout: { validated: 0 } }))
}

interface RolloutChange {
  readonly version?: number
  readonly rollout: Partial<PoolRollout>
}

/** Changes a rollout that is in one of `states`; what is over stays as it ended. @throws HearthError `pool_not_found` */
async function changeRollout(
  context: PoolContext,
  name: Name,
  states: readonly PoolRollout['state'][],
  decide: (now: PoolRollout) => RolloutChange,
): Promise<Pool> {
  const { pools } = context.store
  for (;;) {
    const row = await pools.get(name)
    if (!row) throw new HearthError('pool_not_found', `pool ${name} is gone`)
    if (!row.rollout || !states.includes(row.rollout.state)) return row
    const { version = row.version, rollout } = decide(row.rollout)
    const change = { version, rollout: { ...row.rollout, ...rollout } }
    const isNews = change.rollout.state !== row.rollout.state
    const news = isNews ? { event: poolEvent({ ...row, ...change }, context.clock.now()) } : {}
    try {
      return await pools.update(name, row.rev, change, news)
    } catch (error) {
      if (!isHearthError(error, 'store_conflict')) throw error
    }
  }
}
