import {
  type Clock,
  type MachineCount,
  type MachineState,
  machineTransitions,
  type SnapshotCount,
  type SnapshotKind,
  type SnapshotState,
  snapshotTransitions,
} from '@hearth/model'
import type { Instruments } from './instruments.ts'

/** How many rows there are of each kind and state. */
export interface StateCounts {
  readonly machines: readonly MachineCount[]
  readonly snapshots: readonly SnapshotCount[]
}

/** Counts are asked for again after this, so that many scrapers cost the store no more than one. */
const countsGoodMs = 5000

const machineStates = Object.keys(machineTransitions) as MachineState[]
const snapshotStates = Object.keys(snapshotTransitions) as SnapshotState[]
const snapshotKinds: readonly SnapshotKind[] = ['template', 'user', 'fork']

/** Refreshes the gauges of rows from `count`, at most every few seconds; a state without rows shows 0. */
export function stateGauges(
  metrics: Instruments,
  count: () => Promise<StateCounts>,
  clock: Pick<Clock, 'monotonicMs'>,
): () => Promise<void> {
  let countedMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (clock.monotonicMs() - countedMs < countsGoodMs) return
    show(metrics, await count())
    countedMs = clock.monotonicMs()
  }
}

function show(metrics: Instruments, counts: StateCounts): void {
  for (const state of machineStates) metrics.machines.set({ state }, 0)
  for (const { state, count } of counts.machines) metrics.machines.set({ state }, count)
  for (const kind of snapshotKinds) {
    for (const state of snapshotStates) {
      metrics.snapshots.set({ kind, state }, 0)
      metrics.snapshotsBytes.set({ kind, state }, 0)
    }
  }
  for (const { kind, state, count, bytes } of counts.snapshots) {
    metrics.snapshots.set({ kind, state }, count)
    metrics.snapshotsBytes.set({ kind, state }, bytes)
  }
}
