import type { NamespaceResource, Usage } from '@hearth/sdk'
import { facts, table } from './table.ts'
import { age, size } from './units.ts'

/** One line a namespace. */
export function namespaceTable(namespaces: readonly NamespaceResource[], nowMs: number): string {
  const rows = namespaces.map((namespace) => [
    namespace.name,
    String(namespace.snapshotLimit),
    namespace.snapshotBytesLimit === undefined ? '-' : size(namespace.snapshotBytesLimit),
    namespace.keepLast === undefined ? '-' : String(namespace.keepLast),
    age(namespace.createdAt, nowMs),
  ])
  return table(['NAMESPACE', 'SNAPSHOTS', 'BYTES', 'KEEP LAST', 'AGE'], rows)
}

/** Everything about one namespace, and what it holds where that is known. */
export function namespaceText(namespace: NamespaceResource, usage?: Usage): string {
  const { snapshotLimit, snapshotBytesLimit, keepLast } = namespace
  const bytes = snapshotBytesLimit === undefined ? 'no bound' : size(snapshotBytesLimit)
  return facts([
    ['namespace', namespace.name],
    [
      'labels',
      Object.entries(namespace.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    ],
    ['machines', usage?.liveMachines],
    ['snapshots', usage ? `${usage.snapshots} of ${snapshotLimit}` : `at most ${snapshotLimit}`],
    ['snapshot bytes', usage ? `${size(usage.snapshotBytes)}, ${bytes}` : bytes],
    ['keep last', keepLast === undefined ? 'all' : `${keepLast} of each machine`],
    ['created', namespace.createdAt],
  ])
}
