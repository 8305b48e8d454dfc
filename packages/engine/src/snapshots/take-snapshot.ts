import {
  type DriverSnapshot,
  defaultSnapshotTtlMs,
  isHearthError,
  messageOf,
  newSnapshotId,
  type Snapshot,
  type SnapshotManifest,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { recordOf } from '../idempotency/once.ts'
import { abortOr, throwIfAborted } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { GuestFreeze } from './guest-freeze.ts'
import type { SnapshotIntent, SnapshotOrder } from './snapshot-order.ts'

/**
 * One frozen moment, from `creating` to `ready`. One that fails leaves a `failed` row when a user asked for it, and nothing else.
 */
export async function takeSnapshot(
  context: Context,
  order: SnapshotOrder & SnapshotIntent,
  signal: AbortSignal,
): Promise<Snapshot> {
  const row = await insertSnapshot(context, order)
  return context.underway.during(row.id, () => completeSnapshot(context, row, order, signal))
}

/** The row of a snapshot to be, `creating`. */
export async function insertSnapshot(context: Context, intent: SnapshotIntent): Promise<Snapshot> {
  const { kind, namespace, template, source, parent, tag, labels, ttlMs, pinned, idempotency } = intent
  const id = newSnapshotId(context.random)
  const row: Omit<Snapshot, 'rev'> = {
    id,
    kind,
    namespace,
    host: context.host,
    state: 'creating',
    template,
    source,
    ...(parent && { parent }),
    ...(tag !== undefined && { tag }),
    labels: labels ?? {},
    ttlMs: ttlMs ?? (kind === 'user' ? defaultSnapshotTtlMs : 0),
    pinned: pinned ?? false,
    createdAt: context.clock.now(),
  }
  const written = await context.rows.snapshots.insert(row, recordOf(idempotency, kind === 'fork' ? 'fork' : 'snapshot', id))
  context.failpoint('snapshot.row_written')
  return written
}

/** Freezes what `order` says into the snapshot of `row`. A failure is undone and told by the row. */
export async function completeSnapshot(
  context: Context,
  row: Snapshot,
  order: SnapshotOrder,
  signal: AbortSignal,
): Promise<Snapshot> {
  const startedAt = context.clock.monotonicMs()
  try {
    const manifest = await freeze(context, order, row, signal)
    context.failpoint('snapshot.written')
    await order.driver.publishSnapshot(manifest)
    context.failpoint('snapshot.published')
    await order.prove?.(manifest)
    throwIfAborted(signal)
    const sizeBytes = sizeOf(manifest)
    await order.admit?.(sizeBytes)
    const ready = await context.rows.snapshots.change(row.id, () => ({ state: 'ready', manifest, sizeBytes }), row)
    context.failpoint('snapshot.ready')
    const { kind, source } = row
    const { pauseMs, quality } = manifest
    const tookMs = context.clock.monotonicMs() - startedAt
    context.meter.snapshotEnded({ kind, driver: order.driver.name, outcome: 'ready', tookMs, pauseMs, sizeBytes })
    context.log.info('snapshot.ready', { snapshot: row.id, kind, source, quality, pauseMs })
    return ready
  } catch (caught) {
    const error = abortOr(caught, signal)
    const tookMs = context.clock.monotonicMs() - startedAt
    context.meter.snapshotEnded({ kind: row.kind, driver: order.driver.name, outcome: 'failed', tookMs })
    await undoSnapshot(context, row, () => order.driver.removeSnapshot(row.id), error)
    throw error
  }
}

/** What the files of a snapshot take, in bytes. */
export function sizeOf(manifest: Pick<SnapshotManifest, 'artifacts'>): number {
  return manifest.artifacts.reduce((sum, artifact) => sum + artifact.sizeBytes, 0)
}

/** Takes back what was made so far; the row of what a user asked for stays and says why. */
export async function undoSnapshot(
  context: Context,
  { id, kind, source }: Snapshot,
  removeFiles: () => Promise<void>,
  error: unknown,
): Promise<void> {
  const { log, rows } = context
  const gone = await attempt(log, `remove ${id}`, removeFiles)
  const failure = isHearthError(error, 'cancelled') ? 'cancelled' : messageOf(error)
  log.warn('snapshot.failed', { snapshot: id, source, failure })
  if (gone && kind !== 'user') await attempt(log, `forget ${id}`, () => rows.snapshots.remove(id))
  else await attempt(log, `mark ${id} failed`, () => rows.snapshots.change(id, () => ({ state: 'failed', failure })))
}

async function freeze(context: Context, order: SnapshotOrder, row: Snapshot, signal: AbortSignal): Promise<SnapshotManifest> {
  const guest = new GuestFreeze(context, row.source, order)
  const made = await guest.during((quiesce, unquiesce) =>
    order.driver.snapshot(
      row.source,
      { snapshotId: row.id, mode: order.thaw ? 'live' : 'template', quiesce, unquiesce },
      { signal },
    ),
  )
  return manifestOf(row, order, made, context.guests.protocolOf(row.source) ?? 1)
}

function manifestOf(row: Snapshot, order: SnapshotOrder, made: DriverSnapshot, guestProtocol: number): SnapshotManifest {
  const { name: _name, hostname: _hostname, ...config } = order.config
  return {
    id: row.id,
    kind: row.kind,
    template: row.template,
    ...(row.parent && { parent: row.parent }),
    source: row.source,
    driver: order.driver.name,
    artifacts: made.artifacts,
    quality: made.quiesce.result === 'failed' ? 'crash-consistent' : made.quality,
    quiesce: made.quiesce,
    compatibility: { ...made.compatibility, guestProtocol },
    resources: order.resources,
    config,
    createdAt: row.createdAt,
    pauseMs: made.pauseMs,
    layers: made.layers,
  }
}
