import type { MachineDriver, Snapshot, SnapshotId } from '@hearth/model'
import type { Context } from '../context.ts'
import { collectFork, eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { attempt } from '../time/background.ts'

/** Makes snapshot rows and the hosts of the drivers that `looked` agree, once the machines have settled. Returns what was not as it should be. */
export async function reconcileSnapshots(context: Context, looked: ReadonlySet<string>): Promise<SnapshotId[]> {
  const touched = new Set<SnapshotId>()
  const settle = async (id: SnapshotId, what: string, work: () => Promise<unknown>) => {
    touched.add(id)
    context.log.info('reconcile.snapshot', { snapshot: id, what })
    await attempt(context.log, `${what} ${id}`, work)
  }
  const rows = await context.store.snapshots.where({ host: context.host })
  for (const driver of context.drivers.all.filter((each) => looked.has(each.name))) {
    const published = new Set(await driver.listSnapshots())
    await dropUnknown(driver, published, rows, settle)
    for (const row of rows) {
      const missing = row.state === 'ready' && row.manifest?.driver === driver.name && !published.has(row.id)
      if (missing) await settle(row.id, 'quarantine', () => markMissing(context, row))
    }
  }
  for (const row of rows) {
    if (row.state === 'creating') await settle(row.id, 'roll back', () => rollBack(context, row))
    if (row.state === 'deleting') await settle(row.id, 'finish removing', () => eraseSnapshot(context, row))
  }
  for (const row of rows)
    if (row.kind === 'fork') await attempt(context.log, `collect ${row.id}`, () => collectFork(context, row.id))
  return [...touched]
}

type Settle = (id: SnapshotId, what: string, work: () => Promise<unknown>) => Promise<void>

async function dropUnknown(
  driver: MachineDriver,
  published: ReadonlySet<SnapshotId>,
  rows: readonly Snapshot[],
  settle: Settle,
): Promise<void> {
  const known = new Set(rows.map((row) => row.id))
  for (const id of published) if (!known.has(id)) await settle(id, 'remove unknown', () => driver.removeSnapshot(id))
}

function markMissing(context: Context, row: Snapshot): Promise<Snapshot> {
  return context.rows.snapshots.change(row.id, () => ({ state: 'quarantined', failure: 'its files are gone' }), row)
}

/** What a user asked for keeps a row that says what became of it. */
async function rollBack(context: Context, row: Snapshot): Promise<void> {
  for (const driver of context.drivers.all) await driver.removeSnapshot(row.id)
  if (row.kind !== 'user') return context.rows.snapshots.remove(row.id)
  await context.rows.snapshots.change(row.id, () => ({ state: 'failed', failure: 'the server ended while it was made' }), row)
}
