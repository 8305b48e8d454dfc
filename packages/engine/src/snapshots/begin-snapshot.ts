import type { Name, Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { findMachine, mustBe, mustBeHere, running } from '../machines/find-machine.ts'
import { insertWithinLimits, mustHaveRoom } from '../namespaces/limits.ts'
import type { SnapshotBegun, SnapshotOptions } from './engine-snapshots.ts'
import { intentOf, liveOrder, mustSnapshotLive } from './freeze-machine.ts'
import { checkMarks } from './snapshot-input.ts'
import { completeSnapshot, insertSnapshot, undoSnapshot } from './take-snapshot.ts'

/** Writes the row of a user's snapshot and goes on with the rest. Whatever is refused is refused before there is a row. */
export async function beginSnapshot(
  context: Context,
  namespace: Name,
  machine: string,
  options: SnapshotOptions,
): Promise<SnapshotBegun> {
  const { signal, idempotency } = options
  const marks = checkMarks(options)
  const source = mustBe(mustBeHere(context, await findMachine(context, namespace, machine)), 'running')
  mustSnapshotLive(context.drivers.of(source.driver))
  const intent = { ...intentOf(source, 'user'), ...marks, ...(idempotency && { idempotency }) }
  const snapshot = await insertWithinLimits(context, namespace, {}, () => insertSnapshot(context, intent))
  const done = context.underway.during(snapshot.id, () => finish(context, snapshot, signal))
  context.background.run(`make ${snapshot.id}`, () => settled(done))
  return { snapshot, done }
}

/** In its machine's turn, for others may be at work on it. */
async function finish(context: Context, row: Snapshot, cancel: AbortSignal | undefined): Promise<Snapshot> {
  let reached = false
  try {
    return await context.turns.take(row.source, [cancel, context.background.ending], async (signal) => {
      const order = await liveOrder(context, await running(context, row.source))
      reached = true
      const admit = (sizeBytes: number) => mustHaveRoom(context, row.namespace, sizeBytes)
      return completeSnapshot(context, row, { ...order, admit }, signal)
    })
  } catch (error) {
    // Nothing was written yet.
    if (!reached) await undoSnapshot(context, row, async () => undefined, error)
    throw error
  }
}

/** How it ended is told by the row, the log, and to whoever waits. */
async function settled(done: Promise<unknown>): Promise<void> {
  await done.catch(() => undefined)
}
