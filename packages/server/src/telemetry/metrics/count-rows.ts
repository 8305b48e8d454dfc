import type { StateStore } from '@hearth/model'
import type { StateCounts } from './state-gauges.ts'

/** Counts the machines and snapshots of one host. */
export async function countRows(store: Pick<StateStore, 'machines' | 'snapshots'>, host: string): Promise<StateCounts> {
  const [machines, snapshots] = await Promise.all([store.machines.countByState(host), store.snapshots.countByState(host)])
  return { machines, snapshots }
}
