import type { Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

const team = 'team' as Name

async function start() {
  const bed = await new EngineBed().start()
  await bed.template()
  return { bed, engine: bed.engine }
}

describe('namespaces', () => {
  it('begin with the one that always exists', async () => {
    const { engine, bed } = await start()
    expect(await engine.namespaces.list()).toMatchObject([{ name: 'default', snapshotLimit: 100, labels: {} }])
    await expect(engine.namespaces.remove('default')).rejects.toMatchObject({ code: 'namespace_in_use' })
    await bed.restart()
    expect(await bed.engine.namespaces.list()).toHaveLength(1)
  })

  it('are made, changed and listed by name', async () => {
    const { engine } = await start()
    const made = await engine.namespaces.create({ name: 'zoo', labels: { owner: 'z' }, snapshotLimit: 3, keepLast: 2 })
    expect(made).toMatchObject({ name: 'zoo', labels: { owner: 'z' }, snapshotLimit: 3, keepLast: 2 })
    expect(made).not.toHaveProperty('snapshotBytesLimit')
    await engine.namespaces.create({ name: 'ant', snapshotBytesLimit: 1000 })
    expect((await engine.namespaces.list()).map((each) => each.name)).toEqual(['ant', 'default', 'zoo'])
    const changed = await engine.namespaces.change('zoo', { keepLast: null, snapshotBytesLimit: 5 }, { ifRev: made.rev })
    expect(changed).toMatchObject({ snapshotBytesLimit: 5, snapshotLimit: 3, labels: { owner: 'z' } })
    expect(changed).not.toHaveProperty('keepLast')
    const stale = engine.namespaces.change('zoo', { snapshotLimit: 1 }, { ifRev: made.rev })
    await expect(stale).rejects.toMatchObject({ code: 'precondition_failed' })
    await expect(engine.namespaces.create({ name: 'zoo' })).rejects.toMatchObject({ code: 'name_taken' })
  })

  it('take changes made at the same time one after another', async () => {
    const { engine } = await start()
    await Promise.all([
      engine.namespaces.change('default', { keepLast: 3 }),
      engine.namespaces.change('default', { snapshotLimit: 7 }),
      engine.namespaces.change('default', { labels: { a: '1' } }),
    ])
    expect(await engine.namespaces.get('default')).toMatchObject({ keepLast: 3, snapshotLimit: 7, labels: { a: '1' } })
  })

  it.each([
    [{ name: 'Team' }, 'name'],
    [{ name: '../etc' }, 'name'],
    [{ name: 'a', snapshotLimit: -1 }, 'snapshotLimit'],
    [{ name: 'a', snapshotLimit: 100_001 }, 'snapshotLimit'],
    [{ name: 'a', snapshotBytesLimit: 0.5 }, 'snapshotBytesLimit'],
    [{ name: 'a', keepLast: 0 }, 'keepLast'],
    [{ name: 'a', labels: { '-': '' } }, 'labels'],
  ])('are refused as %j', async (request, field) => {
    const { engine } = await start()
    await expect(engine.namespaces.create(request)).rejects.toMatchObject({ code: 'invalid_input', details: { field } })
  })

  it('keep machines and snapshots apart', async () => {
    const { engine } = await start()
    await engine.namespaces.create({ name: 'team' })
    const theirs = await engine.in('team').launch({ template: 'base', name: 'web' })
    const ours = await engine.launch({ template: 'base', name: 'web' })
    expect(theirs.namespace).toBe('team')
    expect((await engine.in('team').machines.list()).map((each) => each.id)).toEqual([theirs.id])
    expect((await engine.machines.list()).map((each) => each.id)).toEqual([ours.id])
    await expect(engine.machines.get(theirs.id)).rejects.toMatchObject({ code: 'machine_not_found' })
    await expect(engine.snapshots.create(theirs.id)).rejects.toMatchObject({ code: 'machine_not_found' })
    const { id } = await engine.in('team').snapshots.create('web')
    await expect(engine.snapshots.remove(id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    await expect(engine.launch({ snapshot: id })).rejects.toMatchObject({ code: 'snapshot_not_found' })
  })

  it('that do not exist take no machine', async () => {
    const { engine, bed } = await start()
    await expect(engine.in('nowhere').launch({ template: 'base' })).rejects.toMatchObject({ code: 'namespace_not_found' })
    await expect(engine.namespaces.usage('nowhere')).rejects.toMatchObject({ code: 'namespace_not_found' })
    expect(bed.host.machines.size).toBe(0)
    expect(await bed.store.machines.list()).toEqual([])
  })

  it('say what they hold', async () => {
    const { engine } = await start()
    expect(await engine.namespaces.usage('default')).toEqual({ liveMachines: 0, snapshots: 0, snapshotBytes: 0 })
    await engine.launch({ template: 'base', name: 'web' })
    const { sizeBytes } = await engine.snapshots.create('web')
    expect(await engine.namespaces.usage('default')).toEqual({ liveMachines: 1, snapshots: 1, snapshotBytes: sizeBytes })
  })
})

describe('removing a namespace', () => {
  it('is refused while it holds something, and forgets what is over', async () => {
    const { engine, bed } = await start()
    await engine.namespaces.create({ name: 'team' })
    const inside = engine.in('team')
    const machine = await inside.launch({ template: 'base', name: 'web', env: { SECRET_OF: 'the first team' } })
    const refusal = { code: 'namespace_in_use', details: { machines: [machine.id], snapshots: [] } }
    await expect(engine.namespaces.remove('team')).rejects.toMatchObject(refusal)
    const { id } = await inside.snapshots.create('web')
    bed.host.faults.fail('snapshot')
    await expect(inside.snapshots.create('web')).rejects.toMatchObject({ code: 'driver_unavailable' })
    await inside.machines.destroy('web')
    await expect(engine.namespaces.remove('team')).rejects.toMatchObject({ details: { machines: [], snapshots: [id] } })
    await inside.snapshots.remove(id)
    await engine.namespaces.remove('team')
    await expect(engine.namespaces.get('team')).rejects.toMatchObject({ code: 'namespace_not_found' })
    await engine.namespaces.create({ name: 'team' })
    expect(await inside.machines.list({ all: true })).toEqual([])
    expect(await inside.snapshots.list()).toEqual([])
  })

  it('and launching in it cannot cross', async () => {
    const { engine, bed } = await start()
    await engine.namespaces.create({ name: 'team' })
    const held = bed.host.faults.hold('restore')
    const launching = engine.in('team').launch({ template: 'base' })
    await held.reached
    await expect(engine.namespaces.remove('team')).rejects.toMatchObject({ code: 'namespace_in_use' })
    held.release()
    await engine.in('team').machines.destroy((await launching).id)
    const [removed, launched] = await Promise.allSettled([
      engine.namespaces.remove('team'),
      engine.in('team').launch({ template: 'base' }),
    ])
    expect([removed?.status, launched?.status].sort()).toEqual(['fulfilled', 'rejected'])
    const row = await bed.store.namespaces.get(team)
    expect(row !== undefined).toBe(launched?.status === 'fulfilled')
  })

  it('is told to those who listen', async () => {
    const { engine, bed } = await start()
    const from = await bed.store.events.latest()
    await engine.namespaces.create({ name: 'team' })
    await engine.namespaces.change('team', { snapshotLimit: 1 })
    await engine.namespaces.remove('team')
    const events = await bed.store.events.after(from, { limit: 10 })
    expect(events).toMatchObject([
      { kind: 'namespace', id: 'team', namespace: 'team', removed: false },
      { kind: 'namespace', id: 'team', removed: false },
      { kind: 'namespace', id: 'team', removed: true },
    ])
  })
})
