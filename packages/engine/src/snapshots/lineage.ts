import type { Name, Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import type { SnapshotLineage, SnapshotNode } from './engine-snapshots.ts'
import { findSnapshot } from './find-snapshot.ts'

/** A chain that is longer, or a tree with more, is cut there. */
const mostNodes = 1000

/** Where a snapshot comes from, as far up as rows are known, and all that follows from it. */
export async function lineageOf(context: Context, namespace: Name, snapshot: string): Promise<SnapshotLineage> {
  const start = await findSnapshot(context, namespace, snapshot)
  const walk = new Walk(context, namespace)
  const ancestors = await walk.up(start)
  const node = await walk.down(start)
  const root = ancestors.reduce<SnapshotNode>((child, ancestor) => ({ snapshot: ancestor, children: [child] }), node)
  return { id: start.id, root, truncated: walk.truncated }
}

class Walk {
  readonly #context: Context
  readonly #namespace: Name
  readonly #seen = new Set<string>()
  truncated = false

  constructor(context: Context, namespace: Name) {
    this.#context = context
    this.#namespace = namespace
  }

  /** The nearest first. */
  async up(from: Snapshot): Promise<Snapshot[]> {
    const found: Snapshot[] = []
    this.#seen.add(from.id)
    for (let next = from.parent; next; ) {
      const row = await this.#context.rows.snapshots.find(next)
      if (!row || !this.#isVisible(row) || !this.#isNew(row)) break
      found.push(row)
      next = row.parent
    }
    return found
  }

  async down(from: Snapshot): Promise<SnapshotNode> {
    const children: SnapshotNode[] = []
    for (const child of await this.#context.store.snapshots.children(from.id)) {
      if (this.#isVisible(child) && this.#isNew(child)) children.push(await this.down(child))
    }
    return { snapshot: from, children: children.sort((a, b) => a.snapshot.createdAt - b.snapshot.createdAt) }
  }

  /** Templates and their snapshots belong to all. */
  #isVisible(row: Snapshot): boolean {
    return row.namespace === this.#namespace || row.kind === 'template'
  }

  #isNew(row: Snapshot): boolean {
    if (this.#seen.has(row.id)) return false
    if (this.#seen.size >= mostNodes) {
      this.truncated = true
      return false
    }
    this.#seen.add(row.id)
    return true
  }
}
