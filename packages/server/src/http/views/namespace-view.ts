import type { Namespace } from '@hearth/model'
import type { NamespaceResource } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A namespace as the API shows it. */
export function namespaceView(namespace: Namespace): NamespaceResource {
  const { name, labels, snapshotLimit, snapshotBytesLimit, keepLast, createdAt, rev } = namespace
  return {
    name,
    labels: { ...labels },
    snapshotLimit,
    ...(snapshotBytesLimit !== undefined && { snapshotBytesLimit }),
    ...(keepLast !== undefined && { keepLast }),
    createdAt: timeView(createdAt),
    rev,
  }
}
