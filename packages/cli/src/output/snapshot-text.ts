import type { SnapshotResource } from '@hearth/sdk'
import { facts, table } from './table.ts'
import { age, duration, size } from './units.ts'

/** One line a snapshot. */
export function snapshotTable(snapshots: readonly SnapshotResource[], nowMs: number): string {
  const rows = snapshots.map((snapshot) => [
    snapshot.id,
    snapshot.state,
    snapshot.kind,
    snapshot.template,
    snapshot.source,
    snapshot.tag ?? '-',
    snapshot.sizeBytes === undefined ? '-' : size(snapshot.sizeBytes),
    age(snapshot.createdAt, nowMs),
  ])
  return table(['ID', 'STATE', 'KIND', 'TEMPLATE', 'SOURCE', 'TAG', 'SIZE', 'AGE'], rows)
}

/** Everything about one snapshot. */
export function snapshotText(snapshot: SnapshotResource): string {
  const { resources, quiesce, compatibility, artifacts = [] } = snapshot
  const main = facts([
    ['id', snapshot.id],
    ['state', snapshot.state],
    ['failure', snapshot.failure],
    ['kind', snapshot.kind],
    ['template', snapshot.template],
    ['source', snapshot.source],
    ['parent', snapshot.parent],
    ['tag', snapshot.tag],
    ['quality', snapshot.quality],
    ['quiesce', quiesce && `${quiesce.result} in ${duration(quiesce.tookMs)}${quiesce.detail ? ` (${quiesce.detail})` : ''}`],
    ['pause', snapshot.pauseMs === undefined ? undefined : duration(snapshot.pauseMs)],
    ['resources', resources && `${resources.vcpus} vCPU, ${resources.memoryMiB} MiB memory, ${resources.diskMiB} MiB disk`],
    [
      'made by',
      compatibility &&
        `${compatibility.vmm} ${compatibility.vmmVersion}, ${compatibility.machineType}, ${compatibility.cpuModel}`,
    ],
    ['created', snapshot.createdAt],
    ['size', snapshot.sizeBytes === undefined ? undefined : size(snapshot.sizeBytes)],
  ])
  if (artifacts.length === 0) return main
  const files = artifacts.map((artifact) => [artifact.name, size(artifact.sizeBytes), artifact.sha256])
  return `${main}\n\n${table(['FILE', 'SIZE', 'SHA-256'], files)}`
}
