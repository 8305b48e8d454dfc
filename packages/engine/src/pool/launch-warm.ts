import { type BootReason, HearthError, isHearthError, type Machine, messageOf, type Template } from '@hearth/model'
import { checkEnv } from '../input/checks.ts'
import type { Reason } from '../launch/boot-reasons.ts'
import { hostnameOf } from '../launch/check-launch.ts'
import type { LaunchOrder } from '../launch/launch-order.ts'
import { newMachineRow } from '../launch/new-machine-row.ts'
import type { Phases } from '../launch/phases.ts'
import type { Warm } from '../launch/warm-source.ts'
import { throwIfAborted } from '../time/abort.ts'
import { type ClaimOrder, handOver, type Taken, takeEntry } from './claim-entry.ts'
import { hasResources } from './has-resources.ts'
import type { HeldPools } from './held-pools.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import type { PoolRuntime } from './pool-runtime.ts'

/** What a launch brings may be why they fail: it must not cost the others their pool. */
const mostTries = 3

interface Trial {
  readonly wish: LaunchOrder
  readonly phases: Phases
  readonly reasons: Reason[]
}

/**
 * Tries the entries of the pool that fits, oldest first. Never makes anything: what is not ready is a reason.
 * A launch that names no version is served by the version that the pool is made of, whatever the newest one is.
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
  const unregistered = reason('pool_unregistered', `no pool here holds machines of ${origin.name} of this version and size`)
  const warm = runtime ? await tryPool(context, runtime, { wish, phases, reasons: [] }, cancel) : { reasons: [unregistered] }
  if ('reasons' in warm && wish.boot === 'warm') throw notWarm(warm.reasons)
  return warm
}

async function tryPool(context: PoolContext, runtime: PoolRuntime, trial: Trial, cancel?: AbortSignal): Promise<Warm> {
  const { wish, reasons } = trial
  runtime.wake()
  runtime.scaler.arrived(context.clock.monotonicMs())
  const letGo = context.claims.begin()
  try {
    for (;;) {
      const last = reasons.at(-1)
      if (last && reasons.length >= mostTries) {
        runtime.stats.missed(last.code)
        return { reasons }
      }
      const taken = runtime.take((entry) => isWanted(entry, wish))
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

/** While a new version takes the place of an old one, a pool has machines of both. */
function isWanted({ template, manifest }: HeldEntry, { origin, resources }: LaunchOrder): boolean {
  const version = origin.kind === 'template' ? origin.version : undefined
  return (version === undefined || version === template.version) && hasResources(manifest.resources, resources)
}

/** A machine without a way out cannot be given one any more; the other way round its link stays down. */
function egressMisfit(template: Template, wish: LaunchOrder): Reason | undefined {
  const wanted = wish.egress ?? template.spec.egress
  if (wanted === template.spec.egress || wanted === 'none') return undefined
  return reason('requested', `egress ${wanted} was asked for, and the pool's machines were made for ${template.spec.egress}`)
}

/** `undefined` when another entry, or another way, is to be tried. */
function tryEntry(
  context: PoolContext,
  runtime: PoolRuntime,
  entry: HeldEntry,
  trial: Trial,
  cancel: AbortSignal | undefined,
): Promise<Machine | undefined> {
  let begun = false
  const claim = context.turns.take(entry.row.id, [cancel, context.background.ending], async (signal) => {
    const order = orderFor(context, runtime, entry, trial)
    begun = true
    const taken = await take(context, runtime, entry, order, signal)
    return taken && give(context, runtime, entry, order, taken, trial, signal)
  })
  return claim.catch((error) => {
    if (!begun) runtime.giveBack(entry)
    throw error
  })
}

/** `undefined` when it is somebody else's already. */
async function take(
  context: PoolContext,
  runtime: PoolRuntime,
  entry: HeldEntry,
  order: ClaimOrder,
  signal: AbortSignal,
): Promise<Taken | undefined> {
  try {
    throwIfAborted(signal)
    const taken = await takeEntry(context, entry, order)
    order.phases.end('take')
    return taken
  } catch (error) {
    const untouched = isHearthError(error, 'name_taken', 'cancelled') || isRecordConflict(error)
    if (untouched) runtime.giveBack(entry)
    // Whether it was taken cannot be known, or it is not there any more: it must not be handed out.
    else runtime.discard(entry)
    if (untouched || !isHearthError(error, 'store_conflict')) throw error
    return undefined
  }
}

async function give(
  context: PoolContext,
  runtime: PoolRuntime,
  entry: HeldEntry,
  order: ClaimOrder,
  taken: Taken,
  { phases, reasons }: Trial,
  signal: AbortSignal,
): Promise<Machine | undefined> {
  const { id } = entry.row
  try {
    const machine = await handOver(context, entry, order, taken, signal)
    runtime.stats.claimed(entry.template.version)
    const { driver, template, boot } = machine
    if (boot) context.meter.launched({ machine: id, driver, template, startedAt: phases.startedAt, boot })
    return machine
  } catch (error) {
    const message = messageOf(error)
    runtime.failedAtClaim(entry, message, reasons.length === 0)
    if (signal.aborted && isHearthError(error, 'cancelled')) throw error
    reasons.push(reason(codeOf(error), `${id}: ${message}`))
    context.log.warn('pool.claim_failed', { pool: runtime.pool.name, machine: id, error: message })
    return undefined
  }
}

function orderFor(context: PoolContext, runtime: PoolRuntime, entry: HeldEntry, { wish, phases, reasons }: Trial): ClaimOrder {
  const { template, manifest } = entry
  const { id, network, machineUuid } = entry.row
  const driver = context.drivers.of(entry.row.driver)
  const egress = wish.egress ?? template.spec.egress
  const planned = { template, driver, resources: manifest.resources, egress, launchEnv: wish.env, labels: wish.labels }
  const row = newMachineRow(wish, planned, {
    id,
    host: context.host,
    network,
    machineUuid,
    hostname: wish.hostname ?? hostnameOf(wish.name, id),
    restoredFrom: manifest.id,
    createdAt: context.clock.now(),
  })
  const env = checkEnv({ ...template.spec.env, ...wish.env }, 'env')
  return { wish, row, env, reasons: [...reasons], validators: runtime.pool.settings.validators, phases }
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
