import type { Snapshot, SnapshotManifest } from '@hearth/model'
import type { SnapshotResource } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A snapshot as the API shows it; `whole` adds its files and what it needs to be restored. */
export function snapshotView(snapshot: Snapshot, whole = false): SnapshotResource {
  const { manifest } = snapshot
  return {
    id: snapshot.id,
    namespace: snapshot.namespace,
    host: snapshot.host,
    kind: snapshot.kind,
    state: snapshot.state,
    ...(snapshot.failure !== undefined && { failure: snapshot.failure }),
    template: snapshot.template,
    source: snapshot.source,
    ...(snapshot.parent !== undefined && { parent: snapshot.parent }),
    ...(snapshot.tag !== undefined && { tag: snapshot.tag }),
    labels: { ...snapshot.labels },
    ttlMs: snapshot.ttlMs,
    ...(snapshot.ttlMs > 0 && { expiresAt: timeView(snapshot.createdAt + snapshot.ttlMs) }),
    pinned: snapshot.pinned,
    ...(snapshot.sizeBytes !== undefined && { sizeBytes: snapshot.sizeBytes }),
    ...(manifest !== undefined && manifestView(manifest)),
    ...(manifest !== undefined && whole && wholeView(manifest)),
    createdAt: timeView(snapshot.createdAt),
    rev: snapshot.rev,
  }
}

function manifestView(manifest: SnapshotManifest): Partial<SnapshotResource> {
  return {
    driver: manifest.driver,
    quality: manifest.quality,
    quiesce: manifest.quiesce,
    pauseMs: manifest.pauseMs,
    resources: manifest.resources,
  }
}

function wholeView(manifest: SnapshotManifest): Partial<SnapshotResource> {
  const { compatibility } = manifest
  return {
    artifacts: manifest.artifacts.map((artifact) => ({ ...artifact })),
    compatibility: { ...compatibility, cpuFeatures: [...compatibility.cpuFeatures] },
  }
}
