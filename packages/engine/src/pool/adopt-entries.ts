import type { DriverMachine, MachineId, Name, PoolEntry } from '@hearth/model'
import { attempt } from '../time/background.ts'
import { dropEntry } from './make-entry.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import type { PoolRuntime } from './pool-runtime.ts'

/**
 * After a restart: entries that stand parked as they were left go on waiting; whatever else this host had of pools is ended.
 * An entry whose claim had begun is no entry any more, but a machine that is rolled back with the others.
 */
export async function adoptEntries(context: PoolContext, runtimes: ReadonlyMap<Name, PoolRuntime>): Promise<void> {
  const present = new Map<string, ReadonlyMap<MachineId, DriverMachine>>()
  for (const driver of context.drivers.all) {
    // What a driver that cannot look at its host has is left alone until the next start.
    await attempt(context.log, `look for entries of ${driver.name}`, async () => {
      present.set(driver.name, new Map((await driver.list()).map((each) => [each.id, each])))
    })
  }
  for (const row of await context.store.poolEntries.of(context.host)) {
    const machines = present.get(row.driver)
    if (!machines) continue
    await attempt(context.log, `take back entry ${row.id}`, async () => {
      const runtime = runtimes.get(row.pool)
      const held = runtime && (await stillParked(context, row, machines.get(row.id), runtime))
      if (held) runtime.adopt(held)
      else await dropEntry(context, row.id, row.driver)
    })
  }
}

/** Ends what an earlier try could not end: entries that have a row, but no place in any pool. */
export async function sweepEntries(context: PoolContext): Promise<void> {
  for (const row of await context.store.poolEntries.of(context.host)) {
    if (!context.templateUses.has(row.id)) await dropEntry(context, row.id, row.driver)
  }
}

async function stillParked(
  context: PoolContext,
  row: PoolEntry,
  present: DriverMachine | undefined,
  { pool, ready, scaler }: PoolRuntime,
): Promise<HeldEntry | undefined> {
  if (row.state !== 'ready' || ready.length >= scaler.scale.max) return undefined
  const driver = context.drivers.of(row.driver)
  if (present?.state !== (driver.capabilities.pause ? 'paused' : 'running')) return undefined
  const template = await context.store.templates.get(row.template)
  const snapshot = await context.store.snapshots.get(row.snapshot)
  if (!template || !snapshot?.manifest) return undefined
  // The crash may have fallen between the pool's change of template and the end of what it had.
  if (template.name !== pool.template || row.driver !== pool.driver) return undefined
  // A canary whose version has not taken over is nobody's to have.
  if (row.canary && template.version !== pool.version) return undefined
  if (!context.snapshotUses.add(row.snapshot, row.id) || !context.templateUses.add(row.template, row.id)) return undefined
  context.addresses.restore(row.id, row.network)
  context.promisedMemory.add(row.id, row.resources.memoryMiB)
  const connection = context.guests.open(driver, row.id, row.token)
  return { row, template, manifest: snapshot.manifest, connection, readyAt: row.readyAt ?? row.createdAt }
}
