import {
  HearthError,
  isHearthError,
  type MachineId,
  type Pool,
  type PoolEntry,
  type SnapshotManifest,
  type Template,
} from '@hearth/model'
import { newMachineUuid, newToken, type Personality } from '../identity/personality.ts'
import { type BroughtUp, bringUp } from '../launch/bring-up.ts'
import { Phases } from '../launch/phases.ts'
import { quarantine } from '../snapshots/quarantine.ts'
import { abortOr, LinkedAbort, orAborted, throwIfAborted, withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import { validateEntry } from './validate-entry.ts'

/** What an entry is made of. */
export interface EntryPlan {
  readonly id: MachineId
  readonly pool: Pool
  readonly template: Template
  readonly manifest: SnapshotManifest
  readonly canary: boolean
}

/** How long validators may take when an entry is made, in milliseconds; what they start may be cold. */
const validateMs = 30_000
/** Programs run before an entry is parked: the first one meets cold code, the second proves that the next will not. */
const rehearsals = 2
/** Made and removed again: the first new folder and the first new file of a clone take tens of ms, the next ones a few. */
const stage = { folder: '/root/.hearth-rehearsal', file: '/root/.hearth-rehearsed' }

/**
 * Restores, validates, rehearses and parks one entry. The rehearsal is a whole hand-over with throw-away values, through the same
 * code as the real one, so that nothing is done for the first time when somebody waits. A failure leaves nothing.
 */
export async function makeEntry(context: PoolContext, plan: EntryPlan, signal: AbortSignal): Promise<HeldEntry> {
  const { id } = plan
  const abort = new LinkedAbort(signal)
  const unwatch = context.exits.watch(id, (error) => abort.abort(error))
  context.promisedMemory.add(id, plan.manifest.resources.memoryMiB)
  try {
    if (!context.snapshotUses.add(plan.manifest.id, id) || !context.templateUses.add(plan.template.ref, id)) {
      throw new HearthError('snapshot_not_ready', `snapshot ${plan.manifest.id} is being removed`)
    }
    return await steps(context, plan, abort.signal)
  } catch (error) {
    await dropEntry(context, id, plan.pool.driver)
    // A new one is made in its place then.
    if (isHearthError(error, 'driver_corrupt')) await quarantine(context, plan.manifest.id, error.message)
    throw abortOr(error, abort.signal)
  } finally {
    unwatch()
    abort.release()
  }
}

async function steps(context: PoolContext, plan: EntryPlan, signal: AbortSignal): Promise<HeldEntry> {
  const { id, pool, template, manifest } = plan
  const driver = context.drivers.of(pool.driver)
  const row = await context.store.poolEntries.insert(newRow(context, plan, id))
  context.failpoint('pool.row_written')
  const up = await restore(context, plan, row, signal)
  await validate(context, plan, row, up, signal)
  await rehearse(up, signal)
  throwIfAborted(signal)
  if (driver.capabilities.pause) await orAborted(driver.pause(id), signal)
  context.failpoint('pool.parked')
  const readyAt = context.clock.now()
  const identified = up.receipt?.identify
  const change = { state: 'ready' as const, readyAt, ...(identified && { identified }) }
  const ready = await context.store.poolEntries.update(id, row.rev, change)
  return { row: ready, template, manifest, connection: up.connection, readyAt }
}

/** Ends an entry, whatever state it is in, and forgets it. */
export async function dropEntry(context: PoolContext, id: MachineId, driver: string): Promise<void> {
  context.guests.drop(id)
  const gone = await attempt(context.log, `destroy ${id}`, () => context.drivers.of(driver).destroy(id))
  context.addresses.release(id)
  context.promisedMemory.release(id)
  context.templateUses.release(id)
  context.snapshotUses.release(id)
  // A row is kept while something may be left on the host, so that the next start looks again.
  if (gone) await attempt(context.log, `forget entry ${id}`, () => removeRow(context, id))
}

async function removeRow(context: PoolContext, id: MachineId): Promise<void> {
  const row = await context.store.poolEntries.get(id)
  if (!row) return
  try {
    await context.store.poolEntries.delete(id, row.rev)
  } catch (error) {
    if (!isHearthError(error, 'store_conflict')) throw error
  }
}

function newRow(context: PoolContext, { pool, template, manifest, canary }: EntryPlan, id: MachineId): Omit<PoolEntry, 'rev'> {
  return {
    id,
    pool: pool.name,
    host: context.host,
    state: 'making',
    template: template.ref,
    driver: pool.driver,
    resources: manifest.resources,
    snapshot: manifest.id,
    canary,
    network: context.addresses.take(id),
    machineUuid: newMachineUuid(context.random),
    token: newToken(context.random),
    createdAt: context.clock.now(),
  }
}

function restore(
  context: PoolContext,
  { template, manifest }: EntryPlan,
  row: PoolEntry,
  signal: AbortSignal,
): Promise<BroughtUp> {
  const { id, network, machineUuid, token, resources } = row
  const { egress } = template.spec
  const throwAway: Personality = {
    machineUuid,
    hostname: id,
    network,
    // The link stays down, inside and on the host's side, until somebody has claimed the machine.
    egress: 'none',
    env: template.spec.env,
    secrets: {},
    files: [`${stage.folder}/file`, stage.file].map((path) => ({ path, mode: 0o600, content: new Uint8Array(1) })),
    token,
  }
  const spec = { id, template: template.ref, resources, network, egress }
  const newcomer = {
    driver: context.drivers.of(row.driver),
    spec,
    who: throwAway,
    from: manifest,
    linkDown: true,
    reason: 'rehearsal' as const,
    phases: new Phases(context.clock),
  }
  return bringUp(context, newcomer, signal)
}

function validate(context: PoolContext, plan: EntryPlan, entry: PoolEntry, up: BroughtUp, signal: AbortSignal): Promise<void> {
  const limit = { limitMs: validateMs, what: `validating ${entry.id}` }
  return withDeadline(context.clock, limit, signal, (within) =>
    validateEntry(
      { machine: entry.id, entry, connection: up.connection, signal: within },
      plan.pool.settings.validators,
      context.validators,
    ),
  )
}

async function rehearse({ session }: BroughtUp, signal: AbortSignal): Promise<void> {
  await session.listExecs({ signal })
  await Promise.all([stage.folder, stage.file].map((path) => session.remove(path, true, { signal })))
  for (let run = 0; run < rehearsals; run++) {
    try {
      const process = await session.exec({ argv: ['true'] }, { signal })
      process.stdout.resume()
      process.stderr.resume()
      await process.exit
    } catch (error) {
      // An image without "true" has answered all the same, and its paths are warm.
      if (!isHearthError(error, 'guest_error')) throw error
    }
  }
}
