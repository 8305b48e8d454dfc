import type { Snapshot, SnapshotManifest } from '@hearth/model'
import type { SnapshotResource } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A snapshot as the API shows it; `whole` adds its files and what it needs to be restored. */
export function snapshotView(snapshot: Snapshot, whole = false): SnapshotResource {
  const { manifest } = snapshot
  return {
    id: snapshot.id,
    kind: snapshot.kind,
    state: snapshot.state,
    ...(snapshot.failure !== undefined && { failure: snapshot.failure }),
    template: snapshot.template,
    source: snapshot.source,
    ...(snapshot.parent !== undefined && { parent: snapshot.parent }),
    ...(snapshot.tag !== undefined && { tag: snapshot.tag }),
    ...(manifest !== undefined && manifestView(manifest)),
    ...(manifest !== undefined && whole && wholeView(manifest)),
    createdAt: timeView(snapshot.createdAt),
  }
}

function manifestView(manifest: SnapshotManifest): Partial<SnapshotResource> {
  return {
    driver: manifest.driver,
    quality: manifest.quality,
    quiesce: manifest.quiesce,
    pauseMs: manifest.pauseMs,
    resources: manifest.resources,
    labels: { ...manifest.config.labels },
    sizeBytes: manifest.artifacts.reduce((sum, artifact) => sum + artifact.sizeBytes, 0),
  }
}

function wholeView(manifest: SnapshotManifest): Partial<SnapshotResource> {
  const { compatibility } = manifest
  return {
    artifacts: manifest.artifacts.map((artifact) => ({ ...artifact })),
    compatibility: { ...compatibility, cpuFeatures: [...compatibility.cpuFeatures] },
  }
}
