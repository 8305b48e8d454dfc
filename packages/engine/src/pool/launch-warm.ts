import {
  type BootReason,
  HearthError,
  isHearthError,
  type Machine,
  type MachineId,
  messageOf,
  type Template,
} from '@hearth/model'
import { checkEnv } from '../input/checks.ts'
import type { Reason } from '../launch/boot-reasons.ts'
import type { LaunchOrder } from '../launch/launch-order.ts'
import { newMachineRow } from '../launch/new-machine-row.ts'
import type { Phases } from '../launch/phases.ts'
import type { Warm } from '../launch/warm-source.ts'
import { attempt } from '../time/background.ts'
import { claimEntry, hostnameFor } from './claim-entry.ts'
import type { HeldPools } from './held-pools.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import type { PoolRuntime } from './pool-runtime.ts'

/**
 * Tries the entries of the pool that fits, oldest first. Never makes anything: what is not ready is a reason.
 * @throws HearthError `boot_method_unavailable` when nothing else was allowed
 */
export async function launchWarm(
  context: PoolContext,
  held: Pick<HeldPools, 'serving'>,
  { wish, phases }: Pick<Trial, 'wish' | 'phases'>,
  cancel?: AbortSignal,
): Promise<Warm> {
  // Whoever names a way, a snapshot, or the launch of a snapshot that has expired is not served by a pool.
  const { origin, boot, afresh } = wish
  if (origin.kind !== 'template' || (boot !== 'auto' && boot !== 'warm') || afresh) return { reasons: [] }
  const runtime = held.serving(origin.name, origin.version, wish.resources)
  const unregistered = reason('pool_unregistered', `no pool holds machines of ${origin.name} of this size`)
  const warm = runtime ? await tryPool(context, runtime, { wish, phases, reasons: [] }, cancel) : { reasons: [unregistered] }
  if ('reasons' in warm && wish.boot === 'warm') throw notWarm(warm.reasons)
  return warm
}

async function tryPool(context: PoolContext, runtime: PoolRuntime, trial: Trial, cancel?: AbortSignal): Promise<Warm> {
  const { wish, reasons } = trial
  runtime.wake()
  const letGo = context.claims.begin()
  try {
    for (;;) {
      const taken = runtime.take()
      const miss = 'row' in taken ? egressMisfit(taken.template, wish) : taken
      if (miss) {
        if ('row' in taken) runtime.giveBack(taken)
        runtime.stats.missed(miss.code)
        return { reasons: [...reasons, miss] }
      }
      const machine = 'row' in taken ? await tryEntry(context, runtime, taken, trial, cancel) : undefined
      if (machine) return { machine }
    }
  } finally {
    letGo()
    runtime.refill()
  }
}

/** A machine without a way out cannot be given one any more; the other way round its link stays down. */
function egressMisfit(template: Template, wish: LaunchOrder): Reason | undefined {
  const wanted = wish.egress ?? template.spec.egress
  if (wanted === template.spec.egress || wanted === 'none') return undefined
  return reason('requested', `egress ${wanted} was asked for, and the pool's machines were made for ${template.spec.egress}`)
}

interface Trial {
  readonly wish: LaunchOrder
  readonly phases: Phases
  readonly reasons: Reason[]
}

/** `undefined` when another entry, or another way, is to be tried. */
async function tryEntry(
  context: PoolContext,
  runtime: PoolRuntime,
  entry: HeldEntry,
  { wish, phases, reasons }: Trial,
  cancel: AbortSignal | undefined,
): Promise<Machine | undefined> {
  const { id } = entry.row
  const { row, env } = planned(context, entry, wish)
  const { validators } = runtime.pool.settings
  try {
    const machine = await context.turns.take(id, [cancel, context.background.ending], (signal) =>
      claimEntry(context, entry, { wish, row, env, reasons: [...reasons], validators, phases }, signal),
    )
    runtime.stats.add('hits')
    runtime.stats.add('claimed')
    if (machine.boot) {
      const { driver, template, boot } = machine
      context.meter.launched({ machine: id, driver, template, startedAt: phases.startedAt, boot })
    }
    return machine
  } catch (error) {
    const refused = isHearthError(error, 'name_taken') || isRecordConflict(error)
    if (refused) runtime.giveBack(entry)
    if (refused || isHearthError(error, 'cancelled')) throw error
    // Another server took it: it is not ours to look at any more.
    if (isHearthError(error, 'store_conflict')) return undefined
    runtime.stats.add('validationFailures')
    reasons.push(reason(codeOf(error), `${id}: ${messageOf(error)}`))
    context.log.warn('pool.claim_failed', { pool: runtime.pool.name, machine: id, error: messageOf(error) })
    if (wish.idempotency) await attempt(context.log, `forget the record of ${id}`, () => forgetRecord(context, wish, id))
    return undefined
  }
}

function planned(context: PoolContext, entry: HeldEntry, wish: LaunchOrder) {
  const { template, manifest } = entry
  const driver = context.drivers.of(entry.row.driver)
  const row = newMachineRow(
    wish,
    {
      template,
      driver,
      resources: manifest.resources,
      egress: wish.egress ?? template.spec.egress,
      launchEnv: wish.env,
      labels: wish.labels,
    },
    {
      id: entry.row.id,
      host: context.host,
      network: entry.row.network,
      machineUuid: entry.row.machineUuid,
      hostname: hostnameFor(wish, entry.row.id),
      restoredFrom: manifest.id,
      createdAt: context.clock.now(),
    },
  )
  return { row, env: checkEnv({ ...template.spec.env, ...wish.env }, 'env') }
}

/** The next try begins it again, about another machine. */
async function forgetRecord(context: PoolContext, { idempotency }: LaunchOrder, id: MachineId): Promise<void> {
  const record = idempotency && (await context.store.idempotency.get(idempotency.id))
  if (record?.state === 'pending' && record.resource?.id === id) await context.store.idempotency.delete(record.id, record.rev)
}

function isRecordConflict(error: unknown): boolean {
  return isHearthError(error, 'store_conflict') && error.details?.table === 'idempotency'
}

function codeOf(error: unknown): BootReason {
  return isHearthError(error, 'personalise_failed') ? 'personalise_failed' : 'entry_unhealthy'
}

function reason(code: BootReason, detail: string): Reason {
  return { code, detail }
}

/** What a launch that demands `warm` is told when there is nothing warm. */
function notWarm(reasons: readonly Reason[]): HearthError {
  const why = reasons.map((each) => each.detail).join('; ')
  return new HearthError('boot_method_unavailable', `no machine is ready: ${why}`, {
    hint: 'Ask for boot "auto", or wait until the pool is filled.',
    details: { reasons },
  })
}
