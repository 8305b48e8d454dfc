import type { SnapshotLineage, SnapshotNode } from '@hearth/engine'
import type { SnapshotTree } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A lineage as the API shows it: a list, parents first. */
export function treeView({ id, root, truncated }: SnapshotLineage): SnapshotTree {
  const items: SnapshotTree['items'] = []
  const open = [root]
  for (let node = open.shift(); node; node = open.shift()) {
    items.push(nodeView(node))
    open.push(...node.children)
  }
  return { snapshot: id, root: root.snapshot.id, truncated, items }
}

function nodeView({ snapshot }: SnapshotNode): SnapshotTree['items'][number] {
  const { id, parent, kind, state, source, tag, sizeBytes, createdAt } = snapshot
  return {
    id,
    ...(parent !== undefined && { parent }),
    kind,
    state,
    source,
    ...(tag !== undefined && { tag }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    createdAt: timeView(createdAt),
  }
}
