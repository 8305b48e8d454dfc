import type { Machine, Snapshot, StateStore } from '@hearth/model'
import type { StateCounts } from './state-gauges.ts'

/** Counts the rows of one host: live machines and all snapshots. */
export async function countRows(store: StateStore, host: string): Promise<StateCounts> {
  const [machines, snapshots] = await Promise.all([store.machines.live({ host }), store.snapshots.where({ host })])
  return { machines: byState(machines), snapshots: byKindAndState(snapshots) }
}

function byState(rows: readonly Machine[]): StateCounts['machines'] {
  const groups = Map.groupBy(rows, ({ state }) => state)
  return [...groups].map(([state, { length }]) => ({ state, count: length }))
}

function byKindAndState(rows: readonly Snapshot[]): StateCounts['snapshots'] {
  const groups = Map.groupBy(rows, ({ kind, state }) => `${kind} ${state}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const sizeBytes = group.reduce((sum, row) => sum + (row.sizeBytes ?? 0), 0)
    return [{ kind: first.kind, state: first.state, count: group.length, sizeBytes }]
  })
}
