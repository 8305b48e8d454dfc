import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, snapshotRow } from './rows.ts'

const host = 'here'

/** How many rows there are. */
export function describeCounts(store: CurrentStore): void {
  describe('counts', () => {
    it('are of the machines of one host, in each state that occurs', async () => {
      expect(await store().machines.countByState(host)).toEqual([])
      await store().machines.insert(bareMachine(1, { host, state: 'running' }))
      await store().machines.insert(bareMachine(2, { host, state: 'running' }))
      await store().machines.insert(bareMachine(3, { host, state: 'lost' }))
      await store().machines.insert(bareMachine(4, { host: 'elsewhere', state: 'running' }))
      const counts = await store().machines.countByState(host)
      expect([...counts].sort((a, b) => a.count - b.count)).toEqual([
        { state: 'lost', count: 1 },
        { state: 'running', count: 2 },
      ])
    })

    it('are of the snapshots of one host, by kind and state, with what they take', async () => {
      await store().snapshots.insert(snapshotRow(1, { host, kind: 'user', state: 'ready', sizeBytes: 3_000_000_000 }))
      await store().snapshots.insert(snapshotRow(2, { host, kind: 'user', state: 'ready', sizeBytes: 2_000_000_000 }))
      await store().snapshots.insert(snapshotRow(3, { host, kind: 'fork', state: 'creating', sizeBytes: undefined }))
      await store().snapshots.insert(snapshotRow(4, { host: 'elsewhere', kind: 'user', state: 'ready', sizeBytes: 7 }))
      const counts = await store().snapshots.countByState(host)
      expect([...counts].sort((a, b) => a.count - b.count)).toEqual([
        { kind: 'fork', state: 'creating', count: 1, bytes: 0 },
        { kind: 'user', state: 'ready', count: 2, bytes: 5_000_000_000 },
      ])
    })
  })
}
