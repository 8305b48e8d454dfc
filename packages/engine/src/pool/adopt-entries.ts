import type { Name, PoolEntry } from '@hearth/model'
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
  for (const row of await context.store.poolEntries.of(context.host)) {
    const runtime = runtimes.get(row.pool)
    const held = runtime && (await stillParked(context, row, runtime))
    if (held) runtime.adopt(held)
    else await attempt(context.log, `end entry ${row.id}`, () => dropEntry(context, row.id, row.driver))
  }
}

async function stillParked(context: PoolContext, row: PoolEntry, runtime: PoolRuntime): Promise<HeldEntry | undefined> {
  if (row.state !== 'ready' || runtime.ready.length >= runtime.pool.settings.max) return undefined
  const driver = context.drivers.of(row.driver)
  const present = (await driver.list()).find((each) => each.id === row.id)
  const parked = driver.capabilities.pause ? 'paused' : 'running'
  if (present?.state !== parked) return undefined
  const template = await context.store.templates.get(row.template)
  const snapshot = await context.store.snapshots.get(row.snapshot)
  if (!template || !snapshot?.manifest || !context.snapshotUses.add(row.snapshot, row.id)) return undefined
  context.templateUses.add(row.template, row.id)
  context.addresses.restore(row.id, row.network)
  context.promisedMemory.add(row.id, row.resources.memoryMiB)
  const connection = context.guests.open(driver, row.id, row.token)
  return { row, template, manifest: snapshot.manifest, connection, readyAt: row.readyAt ?? row.createdAt }
}
