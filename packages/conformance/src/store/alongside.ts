import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import {
  bareMachine,
  eventOf,
  idempotencyRow,
  keyRow,
  machineId,
  namespaceRow,
  snapshotId,
  snapshotRow,
  templateRow,
} from './rows.ts'

const record = idempotencyRow(1)
const event = eventOf(1)
const everything = { limit: 100 }

/** What is committed together with a change, or not at all. */
export function describeAlongside(store: CurrentStore): void {
  const events = () => store().events.after(0, everything)

  describe('a change and what goes with it', () => {
    it('are there together, whichever table and change it is', async () => {
      const { machines, snapshots, templates, namespaces, keys } = store()
      await machines.insert(bareMachine(1), { event, idempotency: idempotencyRow(1) })
      await machines.update(machineId(1), 1, { state: 'running' }, { event, idempotency: idempotencyRow(2) })
      await machines.delete(machineId(1), 2, { event, idempotency: idempotencyRow(3) })
      await snapshots.insert(snapshotRow(1), { event, idempotency: idempotencyRow(4) })
      await snapshots.update(snapshotId(1), 1, { state: 'ready' }, { event })
      await templates.insert(templateRow('base', 1), { event, idempotency: idempotencyRow(5) })
      await namespaces.insert(namespaceRow('other'), { event })
      await keys.insert(keyRow(1), { idempotency: idempotencyRow(6) })
      const found = await events()
      expect(found.map(({ seq: _, ...rest }) => rest)).toEqual(Array.from({ length: 7 }, () => event))
      expect(await store().idempotency.list()).toEqual([1, 2, 3, 4, 5, 6].map((n) => ({ ...idempotencyRow(n), rev: 1 })))
    })

    it('are all missing when the row is not at that revision', async () => {
      await store().machines.insert(bareMachine(1))
      const alongside = { event, idempotency: record }
      const conflict = { code: 'store_conflict', details: { table: 'machines' } }
      await expect(store().machines.update(machineId(1), 2, { state: 'lost' }, alongside)).rejects.toMatchObject({
        code: conflict.code,
      })
      await expect(store().machines.delete(machineId(1), 2, alongside)).rejects.toMatchObject({ code: conflict.code })
      await expect(store().machines.insert(bareMachine(1), alongside)).rejects.toMatchObject(conflict)
      expect(await events()).toEqual([])
      expect(await store().idempotency.list()).toEqual([])
      expect((await store().machines.get(machineId(1)))?.state).toBe('starting')
    })

    it('are all missing when the name is taken', async () => {
      const name = { name: 'web' as never }
      await store().machines.insert(bareMachine(1, name))
      const second = store().machines.insert(bareMachine(2, name), { event, idempotency: record })
      await expect(second).rejects.toMatchObject({ code: 'name_taken' })
      expect(await events()).toEqual([])
      expect(await store().idempotency.get(record.id)).toBeUndefined()
    })

    it('are all missing when the record was begun already, and that is what is said before all else', async () => {
      await store().machines.insert(bareMachine(1, { name: 'web' as never }), { idempotency: record })
      const begun = { code: 'store_conflict', details: { table: 'idempotency', id: record.id } }
      const alongside = { event, idempotency: { ...record, host: 'home-2' } }
      const again = store().machines.insert(bareMachine(2, { name: 'web' as never }), alongside)
      await expect(again).rejects.toMatchObject(begun)
      const update = store().machines.update(machineId(1), 1, { state: 'running' }, alongside)
      await expect(update).rejects.toMatchObject(begun)
      await expect(store().machines.delete(machineId(1), 1, alongside)).rejects.toMatchObject(begun)
      expect(await events()).toEqual([])
      expect(await store().machines.list()).toEqual([{ ...bareMachine(1, { name: 'web' as never }), rev: 1 }])
      expect(await store().idempotency.get(record.id)).toEqual({ ...record, rev: 1 })
    })

    it('happen once of many that begin the same record at once', async () => {
      const tries = Array.from({ length: 12 }, (_, n) =>
        store().machines.insert(bareMachine(n), { event: eventOf(n), idempotency: record }),
      )
      const outcomes = await Promise.allSettled(tries)
      const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : []))
      expect(won).toHaveLength(1)
      expect((await store().machines.list()).map((row) => row.id)).toEqual(won)
      expect((await events()).map((each) => each.id)).toEqual(won)
    })
  })
}
