import type { MachineDriver, Snapshot, SnapshotId } from '@hearth/model'
import type { Context } from '../context.ts'
import { collectFork, eraseSnapshot } from '../snapshots/erase-snapshot.ts'
import { attempt } from '../time/background.ts'

/** At start: makes snapshot rows and the hosts of the drivers that `looked` agree, once the machines have settled. Returns what was not as it should be. */
export async function reconcileSnapshots(context: Context, looked: ReadonlySet<string>): Promise<SnapshotId[]> {
  const repairs = new Repairs(context)
  const rows = await context.store.snapshots.where({ host: context.host })
  for (const driver of context.drivers.all.filter((each) => looked.has(each.name))) {
    const published = new Set(await driver.listSnapshots())
    const known = new Set(rows.map((row) => row.id))
    for (const id of published) if (!known.has(id)) await repairs.removeUnknown(driver, id)
    for (const row of rows) if (!published.has(row.id)) await repairs.markMissing(driver, row)
  }
  for (const row of rows) {
    if (row.state === 'creating') await repairs.rollBack(row)
    if (row.state === 'deleting') await repairs.finishRemoval(row)
  }
  for (const row of rows) if (row.kind === 'fork') await repairs.collect(row)
  return repairs.touched
}

/** Which published snapshots were seen to have a row: only what comes and goes beside them needs to be looked up. */
export class FileWatch {
  readonly #seen = new Map<string, Set<SnapshotId>>()

  of(driver: string): Set<SnapshotId> {
    const seen = this.#seen.get(driver) ?? new Set()
    this.#seen.set(driver, seen)
    return seen
  }
}

/** Later: what was left half done by somebody who is not at it any more, and files that came or went without a row. */
export async function settleSnapshots(
  context: Context,
  drivers: readonly MachineDriver[],
  files: FileWatch,
): Promise<SnapshotId[]> {
  const repairs = new Repairs(context)
  for (const row of await context.store.snapshots.where({ host: context.host, states: ['creating', 'deleting'] })) {
    if (row.state === 'deleting') await repairs.finishRemoval(row)
    else if (!isBeingMade(context, row)) await inTurnOfSource(context, row, () => repairs.rollBack(row))
  }
  for (const driver of drivers) {
    const seen = files.of(driver.name)
    const published = new Set(await driver.listSnapshots())
    for (const id of published) {
      if (seen.has(id)) continue
      if (await context.rows.snapshots.find(id)) seen.add(id)
      else await repairs.removeUnknown(driver, id)
    }
    for (const id of seen) {
      if (published.has(id)) continue
      seen.delete(id)
      const row = await context.rows.snapshots.find(id)
      if (row) await repairs.markMissing(driver, row)
    }
  }
  const forks = await context.store.snapshots.where({ host: context.host, kinds: ['fork'] })
  for (const row of forks) await repairs.collect(row)
  return repairs.touched
}

function isBeingMade(context: Context, row: Snapshot): boolean {
  return context.underway.has(row.id) || context.turns.isBusy(row.source)
}

/** It may have begun between the look at the row and now. */
async function inTurnOfSource(context: Context, { id, source }: Snapshot, work: () => Promise<void>): Promise<void> {
  await context.turns.take(source, [context.background.ending], async () => {
    const now = await context.rows.snapshots.find(id)
    if (now?.state === 'creating' && !context.underway.has(id)) await work()
  })
}

/** What can be wrong with a snapshot, and the way to set it right. One that resists does not keep the others waiting. */
class Repairs {
  readonly touched: SnapshotId[] = []
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  removeUnknown(driver: MachineDriver, id: SnapshotId): Promise<void> {
    return this.#settle(id, 'remove unknown', () => driver.removeSnapshot(id))
  }

  async markMissing(driver: MachineDriver, row: Snapshot): Promise<void> {
    if (row.state !== 'ready' || row.manifest?.driver !== driver.name) return
    await this.#settle(row.id, 'quarantine', () =>
      this.#context.rows.snapshots.change(row.id, ({ state }) =>
        state === 'ready' ? { state: 'quarantined', failure: 'its files are gone' } : undefined,
      ),
    )
  }

  /** What a user asked for keeps a row that says what became of it. */
  rollBack(row: Snapshot): Promise<void> {
    const { rows, drivers } = this.#context
    return this.#settle(row.id, 'roll back', async () => {
      for (const driver of drivers.all) await driver.removeSnapshot(row.id)
      if (row.kind !== 'user') return rows.snapshots.remove(row.id)
      const failure = 'the server ended while it was made'
      await rows.snapshots.change(row.id, () => ({ state: 'failed', failure }), row)
    })
  }

  async finishRemoval(row: Snapshot): Promise<void> {
    const { snapshotUses, rows } = this.#context
    if (!snapshotUses.beginRemoval(row.id)) return
    try {
      const now = await rows.snapshots.find(row.id)
      if (now) await this.#settle(row.id, 'finish removing', () => eraseSnapshot(this.#context, now))
    } finally {
      snapshotUses.endRemoval(row.id)
    }
  }

  async collect({ id }: Snapshot): Promise<void> {
    await attempt(this.#context.log, `collect ${id}`, () => collectFork(this.#context, id))
  }

  async #settle(id: SnapshotId, what: string, work: () => Promise<unknown>): Promise<void> {
    this.touched.push(id)
    this.#context.log.info('reconcile.snapshot', { snapshot: id, what })
    await attempt(this.#context.log, `${what} ${id}`, work)
  }
}
