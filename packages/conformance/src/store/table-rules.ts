import { expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, fullMachine, machineId, snapshotId, snapshotRow, templateRow } from './rows.ts'

const conflict = { code: 'store_conflict' }

/** What holds for every table alike. */
export function describeTableRules(store: CurrentStore): void {
  it('gives back what was put in, with the first revision', async () => {
    const { machines, templates, snapshots } = store()
    for (const row of [bareMachine(1), fullMachine(2)]) {
      expect(await machines.insert(row)).toEqual({ ...row, rev: 1 })
      expect(await machines.get(row.id)).toEqual({ ...row, rev: 1 })
    }
    const template = templateRow('base', 1)
    expect(await templates.insert(template)).toEqual({ ...template, rev: 1 })
    expect(await templates.get(template.ref)).toEqual({ ...template, rev: 1 })
    const snapshot = snapshotRow(1)
    expect(await snapshots.insert(snapshot)).toEqual({ ...snapshot, rev: 1 })
    expect(await snapshots.get(snapshot.id)).toEqual({ ...snapshot, rev: 1 })
  })

  it('leaves out what has no value, rather than showing it as undefined', async () => {
    const { id } = await store().machines.insert(bareMachine(1))
    expect(Object.keys((await store().machines.get(id)) ?? {})).not.toContain('endedAt')
  })

  it('has nothing under an id nobody inserted', async () => {
    expect(await store().machines.get(machineId(404))).toBeUndefined()
    expect(await store().snapshots.get(snapshotId(404))).toBeUndefined()
  })

  it('refuses an id twice and keeps the first row', async () => {
    await store().machines.insert(bareMachine(1))
    await expect(store().machines.insert(bareMachine(1, { driver: 'other' }))).rejects.toMatchObject(conflict)
    expect((await store().machines.get(machineId(1)))?.driver).toBe('memory')
    await store().templates.insert(templateRow('base', 1))
    await expect(store().templates.insert(templateRow('base', 1))).rejects.toMatchObject(conflict)
  })

  it('changes only what is named, and counts the revision', async () => {
    const row = fullMachine(1)
    await store().machines.insert(row)
    const changed = await store().machines.update(row.id, 1, { state: 'paused', failure: 'held' })
    expect(changed).toEqual({ ...row, state: 'paused', failure: 'held', rev: 2 })
    expect(await store().machines.get(row.id)).toEqual(changed)
  })

  it('clears a field that is named without a value', async () => {
    const { failure: _, ...rest } = fullMachine(1)
    await store().machines.insert(fullMachine(1))
    expect(await store().machines.update(machineId(1), 1, { failure: undefined })).toEqual({ ...rest, rev: 2 })
  })

  it('refuses a change to a revision that has passed, one to come, and a row that is gone', async () => {
    await store().machines.insert(bareMachine(1))
    await store().machines.update(machineId(1), 1, { state: 'running' })
    for (const rev of [1, 3]) {
      await expect(store().machines.update(machineId(1), rev, { state: 'lost' })).rejects.toMatchObject(conflict)
      await expect(store().machines.delete(machineId(1), rev)).rejects.toMatchObject(conflict)
    }
    expect((await store().machines.get(machineId(1)))?.state).toBe('running')
    await expect(store().machines.update(machineId(2), 1, {})).rejects.toMatchObject(conflict)
    await expect(store().machines.delete(machineId(2), 1)).rejects.toMatchObject(conflict)
  })

  it('lets one of many changes at once win', async () => {
    await store().snapshots.insert(snapshotRow(1))
    const tries = Array.from({ length: 20 }, (_, n) => store().snapshots.update(snapshotId(1), 1, { tag: `try ${n}` }))
    const outcomes = await Promise.allSettled(tries)
    const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    expect(won).toHaveLength(1)
    expect(await store().snapshots.get(snapshotId(1))).toEqual(won[0]?.value)
    expect((await store().snapshots.get(snapshotId(1)))?.rev).toBe(2)
  })

  it('deletes a row at its revision, once', async () => {
    await store().machines.insert(bareMachine(1))
    await store().machines.delete(machineId(1), 1)
    expect(await store().machines.get(machineId(1))).toBeUndefined()
    await expect(store().machines.delete(machineId(1), 1)).rejects.toMatchObject(conflict)
  })

  it('lists everything, oldest first', async () => {
    for (const number of [3, 1, 2]) await store().machines.insert(bareMachine(number))
    expect((await store().machines.list()).map((machine) => machine.id)).toEqual([1, 2, 3].map(machineId))
  })

  it('hands out rows that a caller cannot change behind its back', async () => {
    await store().machines.insert(bareMachine(1))
    const mine = await store().machines.get(machineId(1))
    Object.assign(mine?.resources ?? {}, { vcpus: 31 })
    expect((await store().machines.get(machineId(1)))?.resources.vcpus).toBe(2)
  })
}
