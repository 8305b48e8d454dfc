import { isExpired, type Name, type Namespace, type Snapshot, type SnapshotId } from '@hearth/model'
import type { RemovalReason } from './engine-retention.ts'

/** What the planner must know of a snapshot. */
export type SnapshotFacts = Pick<
  Snapshot,
  'id' | 'namespace' | 'host' | 'kind' | 'state' | 'source' | 'parent' | 'pinned' | 'ttlMs' | 'createdAt' | 'sizeBytes' | 'tag'
>

export interface RetentionFacts {
  readonly now: number
  /** How long the row of a snapshot that failed is kept for people. */
  readonly failedKeptMs: number
  readonly namespaces: ReadonlyMap<Name, Pick<Namespace, 'snapshotLimit' | 'snapshotBytesLimit' | 'keepLast'>>
  /** Machines run from them, or somebody reads them. */
  readonly inUse: ReadonlySet<SnapshotId>
  /** Only snapshots of this namespace may go. */
  readonly only?: Name
}

export interface PlannedRemoval {
  readonly row: SnapshotFacts
  readonly reason: RemovalReason
}

export interface RetentionPlan {
  /** In an order in which none is removed before what builds on it. */
  readonly removals: readonly PlannedRemoval[]
  readonly stillOver: readonly Name[]
}

/**
 * Decides what the cleaner removes among all snapshots. Never one that is pinned, in use, half made, built upon by another that stays,
 * or that is not a user's: templates and forks look after theirs.
 */
export function planRetention(rows: readonly SnapshotFacts[], facts: RetentionFacts): RetentionPlan {
  const plan = new Plan(rows, facts)
  // What one removal frees another rule, or another namespace, may have waited for.
  for (let before = -1; before < plan.removals.length; ) {
    before = plan.removals.length
    applyRules(plan, facts)
  }
  return { removals: plan.removals, stillOver: [...plan.stillOver] }
}

function applyRules(plan: Plan, { now, failedKeptMs, namespaces }: RetentionFacts): void {
  plan.removeAll('failed', (row) => row.state === 'failed' && now - row.createdAt >= failedKeptMs)
  plan.removeAll('expired', (row) => isKept(row) && isExpired(row, now))
  for (const [name, { keepLast }] of namespaces) {
    if (keepLast !== undefined) plan.keepLast(name, keepLast)
  }
  plan.stillOver.clear()
  for (const [name, { snapshotLimit, snapshotBytesLimit }] of namespaces) {
    plan.fit(name, 'quota_count', snapshotLimit, () => 1)
    if (snapshotBytesLimit !== undefined) plan.fit(name, 'quota_bytes', snapshotBytesLimit, (row) => row.sizeBytes ?? 0)
  }
}

/** Counts in the limits of its namespace and has files that can go. */
function isKept(row: SnapshotFacts): boolean {
  return row.state === 'ready' || row.state === 'quarantined'
}

class Plan {
  readonly removals: PlannedRemoval[] = []
  readonly stillOver = new Set<Name>()
  readonly #rows: readonly SnapshotFacts[]
  readonly #byId: ReadonlyMap<SnapshotId, SnapshotFacts>
  readonly #facts: RetentionFacts
  readonly #removed = new Set<SnapshotId>()
  readonly #children = new Map<SnapshotId, number>()

  constructor(rows: readonly SnapshotFacts[], facts: RetentionFacts) {
    this.#rows = rows.toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
    this.#byId = new Map(rows.map((row) => [row.id, row]))
    this.#facts = facts
    for (const { parent, state } of rows) if (parent && state !== 'failed') this.#count(parent, 1)
  }

  removeAll(reason: RemovalReason, isDoomed: (row: SnapshotFacts) => boolean): void {
    const doomed = this.#left().filter(isDoomed)
    this.#remove(doomed, reason, () => true)
  }

  /** The newest snapshots of each machine stay, those that nobody may remove among them. */
  keepLast(name: Name, count: number): void {
    const bySource = Map.groupBy(
      this.#left().filter((row) => row.namespace === name && row.state === 'ready'),
      (row) => row.source,
    )
    for (const rows of bySource.values()) this.#remove(rows.slice(0, Math.max(0, rows.length - count)), 'keep_last', () => true)
  }

  /** The oldest go until the rest is within `limit`. What is being made counts, but stays. */
  fit(name: Name, reason: RemovalReason, limit: number, weigh: (row: SnapshotFacts) => number): void {
    const counted = this.#left().filter((row) => row.namespace === name && row.state !== 'failed')
    let total = counted.reduce((sum, row) => sum + weigh(row), 0)
    const helps = (row: SnapshotFacts) => weigh(row) > 0
    this.#remove(
      counted.filter((row) => isKept(row) && helps(row)),
      reason,
      () => total > limit,
      (row) => {
        total -= weigh(row)
      },
    )
    if (total > limit) this.stillOver.add(name)
  }

  /** Users' snapshots that are still there, oldest first. */
  #left(): SnapshotFacts[] {
    const { only } = this.#facts
    return this.#rows.filter(
      (row) => row.kind === 'user' && (only === undefined || row.namespace === only) && !this.#removed.has(row.id),
    )
  }

  #remove(
    doomed: readonly SnapshotFacts[],
    reason: RemovalReason,
    isNeeded: () => boolean,
    onRemoved: (row: SnapshotFacts) => void = () => undefined,
  ): void {
    const ids = new Set(doomed.map((row) => row.id))
    for (const first of doomed) {
      // What a removed one was built on may be free from then on, and is older than all that follow.
      for (let row: SnapshotFacts | undefined = first; row && ids.has(row.id) && isNeeded(); row = this.#parentOf(row)) {
        if (!this.#isFree(row)) break
        this.#removed.add(row.id)
        this.removals.push({ row, reason })
        if (row.parent && row.state !== 'failed') this.#count(row.parent, -1)
        onRemoved(row)
      }
    }
  }

  #parentOf(row: SnapshotFacts): SnapshotFacts | undefined {
    return row.parent && this.#byId.get(row.parent)
  }

  #isFree({ id, pinned }: SnapshotFacts): boolean {
    return !pinned && !this.#removed.has(id) && !this.#facts.inUse.has(id) && (this.#children.get(id) ?? 0) === 0
  }

  #count(parent: SnapshotId, by: number): void {
    this.#children.set(parent, (this.#children.get(parent) ?? 0) + by)
  }
}
