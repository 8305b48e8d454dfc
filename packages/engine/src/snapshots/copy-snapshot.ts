import { type Name, parseName, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { mustBeHere } from '../machines/find-machine.ts'
import { insertWithinLimits } from '../namespaces/limits.ts'
import { abortOr, LinkedAbort, throwIfAborted } from '../time/abort.ts'
import type { SnapshotCopy } from './engine-snapshots.ts'
import { findSnapshot, mustBeReady, type ReadySnapshot } from './find-snapshot.ts'
import { checkMarks } from './snapshot-input.ts'
import { insertSnapshot, sizeOf, undoSnapshot } from './take-snapshot.ts'

/** The same content under an id of its own. Its parent is the source's, whose layers it may share. */
export async function copySnapshot(
  context: Context,
  namespace: Name,
  snapshot: string,
  request: SnapshotCopy,
): Promise<Snapshot> {
  const { signal, idempotency } = request
  const marks = checkMarks(request)
  const target = request.namespace === undefined ? namespace : parseName(request.namespace, 'namespace')
  const source = mustBeReady(mustBeHere(context, await findSnapshot(context, namespace, snapshot)))
  const { template, parent, tag, labels } = source
  const intent = {
    kind: 'user' as const,
    namespace: target,
    source: source.source,
    template,
    ...(parent && { parent }),
    ...(tag !== undefined && { tag }),
    labels,
    ...marks,
    ...(idempotency && { idempotency }),
  }
  const letGo = context.snapshotUses.hold(source.id)
  try {
    const sizeBytes = sizeOf(source.manifest)
    const row = await insertWithinLimits(context, target, { sizeBytes }, () => insertSnapshot(context, intent))
    return await context.underway.during(row.id, () => complete(context, source, row, signal))
  } finally {
    letGo()
  }
}

async function complete(context: Context, source: ReadySnapshot, row: Snapshot, cancel?: AbortSignal): Promise<Snapshot> {
  const driver = context.drivers.of(source.manifest.driver)
  const abort = new LinkedAbort(cancel, context.background.ending)
  try {
    throwIfAborted(abort.signal)
    const { id, kind, createdAt } = row
    const manifest = { ...source.manifest, id, kind, createdAt }
    await driver.copySnapshot(source.manifest, id, { signal: abort.signal })
    context.failpoint('copy.written')
    await driver.publishSnapshot(manifest)
    context.failpoint('copy.published')
    throwIfAborted(abort.signal)
    const sizeBytes = sizeOf(manifest)
    const copied = await context.rows.snapshots.change(id, () => ({ state: 'ready', manifest, sizeBytes }), row)
    context.log.info('snapshot.copied', { snapshot: id, from: source.id, namespace: row.namespace })
    return copied
  } catch (caught) {
    const error = abortOr(caught, abort.signal)
    await undoSnapshot(context, row, () => driver.removeSnapshot(row.id), error)
    throw error
  } finally {
    abort.release()
  }
}
