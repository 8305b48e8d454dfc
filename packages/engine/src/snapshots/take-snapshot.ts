import {
  type DriverSnapshot,
  defaultSnapshotTtlMs,
  isHearthError,
  messageOf,
  newSnapshotId,
  type Snapshot,
  type SnapshotId,
  type SnapshotManifest,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { abortOr, throwIfAborted } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { GuestFreeze } from './guest-freeze.ts'
import type { SnapshotOrder } from './snapshot-order.ts'

/**
 * One frozen moment, from `creating` to `ready`. One that fails leaves a `failed` row when a user asked for it, and nothing else.
 */
export async function takeSnapshot(context: Context, order: SnapshotOrder, signal: AbortSignal): Promise<Snapshot> {
  const { kind, template, source, parent, tag } = order
  const id = newSnapshotId(context.random)
  const createdAt = context.clock.now()
  const row = await context.rows.snapshots.insert({
    id,
    kind,
    namespace: order.namespace,
    host: context.host,
    state: 'creating',
    template,
    source,
    ...(parent && { parent }),
    ...(tag !== undefined && { tag }),
    labels: order.labels ?? {},
    ttlMs: order.ttlMs ?? (kind === 'user' ? defaultSnapshotTtlMs : 0),
    pinned: order.pinned ?? false,
    createdAt,
  })
  try {
    const manifest = await freeze(context, order, id, createdAt, signal)
    await order.driver.publishSnapshot(manifest)
    await order.prove?.(manifest)
    throwIfAborted(signal)
    const ready = await context.rows.snapshots.change(id, () => ({ state: 'ready', manifest, sizeBytes: sizeOf(manifest) }), row)
    context.log.info('snapshot.ready', { snapshot: id, kind, source, quality: manifest.quality, pauseMs: manifest.pauseMs })
    return ready
  } catch (caught) {
    const error = abortOr(caught, signal)
    await undo(context, order, id, error)
    throw error
  }
}

function sizeOf(manifest: SnapshotManifest): number {
  return manifest.artifacts.reduce((sum, artifact) => sum + artifact.sizeBytes, 0)
}

async function freeze(
  context: Context,
  order: SnapshotOrder,
  id: SnapshotId,
  createdAt: number,
  signal: AbortSignal,
): Promise<SnapshotManifest> {
  const guest = new GuestFreeze(context, order)
  const made = await guest.during((quiesce, unquiesce) =>
    order.driver.snapshot(
      order.source,
      { snapshotId: id, mode: order.thaw ? 'live' : 'template', quiesce, unquiesce },
      { signal },
    ),
  )
  return manifestOf(order, id, createdAt, made, context.guests.protocolOf(order.source) ?? 1)
}

function manifestOf(
  order: SnapshotOrder,
  id: SnapshotId,
  createdAt: number,
  made: DriverSnapshot,
  guestProtocol: number,
): SnapshotManifest {
  const { name: _name, hostname: _hostname, ...config } = order.config
  return {
    id,
    kind: order.kind,
    template: order.template,
    ...(order.parent && { parent: order.parent }),
    source: order.source,
    driver: order.driver.name,
    artifacts: made.artifacts,
    quality: made.quiesce.result === 'failed' ? 'crash-consistent' : made.quality,
    quiesce: made.quiesce,
    compatibility: { ...made.compatibility, guestProtocol },
    resources: order.resources,
    config,
    createdAt,
    pauseMs: made.pauseMs,
    layers: made.layers,
  }
}

async function undo(context: Context, order: SnapshotOrder, id: SnapshotId, error: unknown): Promise<void> {
  const { log, rows } = context
  const gone = await attempt(log, `remove ${id}`, () => order.driver.removeSnapshot(id))
  const failure = isHearthError(error, 'cancelled') ? 'cancelled' : messageOf(error)
  log.warn('snapshot.failed', { snapshot: id, source: order.source, failure })
  if (gone && order.kind !== 'user') await attempt(log, `forget ${id}`, () => rows.snapshots.remove(id))
  else await attempt(log, `mark ${id} failed`, () => rows.snapshots.change(id, () => ({ state: 'failed', failure })))
}
