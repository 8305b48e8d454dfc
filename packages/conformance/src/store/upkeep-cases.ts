import { liveMachineStates, type MachineState, machineTransitions } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, eventOf, idempotencyRow, keyRow, machineId, snapshotRow, templateRow } from './rows.ts'

/** What keeps a store small and whole. */
export function describeUpkeep(store: CurrentStore): void {
  describe('machines that ended', () => {
    it('are forgotten by age with their secrets, and those that may have something on a host never', async () => {
      const states = Object.keys(machineTransitions) as MachineState[]
      for (const [number, state] of states.entries()) {
        await store().machines.insert(bareMachine(number, { state, endedAt: 1000 }))
        await store().machines.putSecrets(machineId(number), { token: 't', secrets: {} })
      }
      await store().machines.insert(bareMachine(50, { state: 'stopped', endedAt: 2000 }))
      await store().machines.insert(bareMachine(51, { state: 'stopped' }))
      const ended = states.length - liveMachineStates.length
      expect(await store().machines.pruneEnded(2000)).toBe(ended)
      const kept = (await store().machines.list()).map((row) => row.state)
      expect(kept).toEqual([...states.filter((state) => liveMachineStates.some((live) => live === state)), 'stopped', 'stopped'])
      const gone = states.indexOf('stopped')
      expect(await store().machines.getSecrets(machineId(gone))).toBeUndefined()
      expect(await store().machines.pruneEnded(2000)).toBe(0)
    })

    it('are forgotten in any number', async () => {
      const all = Array.from({ length: 1100 }, (_, n) => bareMachine(n, { state: 'stopped', endedAt: n }))
      await Promise.all(all.map((row) => store().machines.insert(row)))
      expect(await store().machines.pruneEnded(1050)).toBe(1050)
      expect(await store().machines.list()).toHaveLength(50)
    })
  })

  it('answers, compacts, and finds nothing wrong with itself', async () => {
    await store().ping()
    await store().machines.insert(bareMachine(1), { event: eventOf(1), idempotency: idempotencyRow(1) })
    await store().snapshots.insert(snapshotRow(1))
    await store().templates.insert(templateRow('base', 1))
    await store().keys.insert(keyRow(1))
    await store().compact()
    expect(await store().check()).toEqual({
      problems: [],
      rows: {
        namespaces: 1,
        templates: 1,
        machines: 1,
        snapshots: 1,
        access_keys: 1,
        idempotency: 1,
        events: 1,
        audit: 0,
        leases: 0,
        servers: 0,
      },
    })
  })
}
