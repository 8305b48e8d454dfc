import type { NewRecord } from '@hearth/engine'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

const once: NewRecord = {
  id: 'key-1 order-7',
  fingerprint: 'f'.repeat(64),
  state: 'pending',
  host: 'h-0000000000000000',
  createdAt: 1_795_400_000_000,
}

async function prepared() {
  const bed = await new EngineBed().start()
  await bed.template()
  return bed
}

/** What became of the one request, as a replay learns it. */
async function replay(bed: EngineBed) {
  const record = await bed.store.idempotency.get(once.id)
  return record && bed.engine.resolvePending(record)
}

describe('a launch that may happen only once', () => {
  it('gives the same machine again after the server died between effect and reply', async () => {
    const bed = await prepared()
    const machine = await bed.engine.launch({ template: 'base' }, { idempotency: once })
    await bed.restart()
    expect(await replay(bed)).toMatchObject({ kind: 'machine', machine: { id: machine.id, state: 'running' } })
    await expect(bed.engine.launch({ template: 'base' }, { idempotency: once })).rejects.toMatchObject({
      code: 'store_conflict',
      details: { table: 'idempotency' },
    })
    expect(bed.onHost().machines).toEqual([machine.id])
  })

  it('is on record before anything is on the host', async () => {
    const bed = await prepared()
    await bed.store.idempotency.insert(once)
    const guests = bed.guests.length
    await expect(bed.engine.launch({ template: 'base' }, { idempotency: once })).rejects.toMatchObject({ code: 'store_conflict' })
    expect(bed.guests).toHaveLength(guests)
    expect(await bed.engine.machines.list({ all: true })).toEqual([])
  })

  it('is in progress while somebody works on it, and conflicts as such also where a name is taken', async () => {
    const bed = await prepared()
    const held = bed.host.faults.hold('restore')
    const launching = bed.engine.launch({ template: 'base', name: 'web' }, { idempotency: once })
    await held.reached
    expect(await replay(bed)).toEqual({ kind: 'in_progress' })
    await expect(bed.engine.launch({ template: 'base', name: 'web' }, { idempotency: once })).rejects.toMatchObject({
      code: 'store_conflict',
    })
    expect(await replay(bed)).toEqual({ kind: 'in_progress' })
    held.release()
    expect(await replay(bed)).toEqual({ kind: 'in_progress' })
    const machine = await launching
    expect(await replay(bed)).toMatchObject({ kind: 'machine', machine: { id: machine.id } })
  })

  it('can be made anew when the server died before its effect', async () => {
    const bed = await prepared()
    const held = bed.host.faults.hold('restore')
    void bed.engine.launch({ template: 'base' }, { idempotency: once })
    await held.reached
    expect(await bed.store.idempotency.get(once.id)).toMatchObject({ state: 'pending', resource: { kind: 'machine' } })
    await bed.restart()
    expect(await bed.store.idempotency.get(once.id)).toBeUndefined()
    const machine = await bed.engine.launch({ template: 'base' }, { idempotency: once })
    expect(bed.onHost().machines).toEqual([machine.id])
  })

  it('can be made anew when it failed and nobody kept the answer', async () => {
    const bed = await prepared()
    bed.host.faults.fail('restore')
    await expect(bed.engine.launch({ template: 'base', boot: 'restored' }, { idempotency: once })).rejects.toThrow()
    expect(await replay(bed)).toEqual({ kind: 'nothing' })
    expect(await bed.store.idempotency.get(once.id)).toBeUndefined()
  })

  it('still names the machine when that has ended since', async () => {
    const bed = await prepared()
    const { id } = await bed.engine.launch({ template: 'base' }, { idempotency: once })
    await bed.engine.machines.destroy(id)
    expect(await replay(bed)).toMatchObject({ kind: 'machine', machine: { id, state: 'stopped' } })
  })

  it('of another server is that server’s to settle', async () => {
    const bed = await prepared()
    await bed.store.idempotency.insert({ ...once, host: 'h-1111111111111111' })
    await bed.restart()
    expect(await replay(bed)).toEqual({ kind: 'in_progress' })
  })

  it('that got no further than its record is forgotten at start', async () => {
    const bed = await prepared()
    await bed.store.idempotency.insert(once)
    await bed.restart()
    expect(await bed.store.idempotency.get(once.id)).toBeUndefined()
  })
})

describe('a fork that may happen only once', () => {
  it('gives its clones again after the server died between effect and reply', async () => {
    const bed = await prepared()
    const source = await bed.engine.launch({ template: 'base' })
    const { snapshotId, results } = await bed.engine.fork(source.id, { count: 3 }, { idempotency: once })
    const clones = results.flatMap((each) => ('machine' in each ? [each.machine.id] : []))
    await bed.restart()
    const outcome = await replay(bed)
    if (outcome?.kind !== 'fork') throw new Error(`it is ${outcome?.kind}`)
    expect(outcome.snapshotId).toBe(snapshotId)
    expect(outcome.machines.map((each) => each.id).sort()).toEqual(clones.sort())
  })

  it('gives those clones that came to be before the server died', async () => {
    const bed = await prepared()
    const source = await bed.engine.launch({ template: 'base' })
    let restored = 0
    bed.onGuest = (guest) => {
      restored++
      guest.silent = restored > 1
    }
    void bed.engine.fork(source.id, { count: 3 }, { idempotency: once })
    await expect.poll(async () => (await bed.engine.machines.page({ states: ['running'] })).items.length).toBe(2)
    bed.onGuest = () => undefined
    await bed.restart()
    expect(await replay(bed)).toMatchObject({ kind: 'fork', machines: [{ state: 'running' }] })
  })

  it('can be made anew when the server died in its snapshot', async () => {
    const bed = await prepared()
    const source = await bed.engine.launch({ template: 'base' })
    const held = bed.host.faults.hold('write')
    void bed.engine.fork(source.id, { count: 2 }, { idempotency: once })
    await held.reached
    await bed.restart()
    expect(await bed.store.idempotency.get(once.id)).toBeUndefined()
    expect(bed.onHost().machines).toEqual([source.id])
  })
})

describe('a snapshot and a build that may happen only once', () => {
  it('are found again, or can be made anew', async () => {
    const bed = await prepared()
    const source = await bed.engine.launch({ template: 'base' })
    const snapshot = await bed.engine.snapshots.create(source.id, { idempotency: once })
    const other = { ...once, id: 'key-1 build' }
    const request = { name: 'other', source: { kind: 'builtin', name: 'base' } } as const
    await bed.patiently(bed.engine.templates.build(request, { idempotency: other }))
    await bed.restart()
    expect(await replay(bed)).toMatchObject({ kind: 'snapshot', snapshot: { id: snapshot.id } })
    const record = await bed.store.idempotency.get(other.id)
    expect(record && (await bed.engine.resolvePending(record))).toMatchObject({
      kind: 'template',
      template: { ref: 'other@1', state: 'ready' },
    })
    const third = { ...once, id: 'key-1 third' }
    const held = bed.host.faults.hold('build')
    void bed.engine.templates.build({ ...request, env: { A: '1' } }, { idempotency: third })
    await held.reached
    await bed.restart()
    expect(await bed.store.idempotency.get(third.id)).toBeUndefined()
  })

  it('a build goes on by itself once it has its row', async () => {
    const bed = await new EngineBed().start()
    const held = bed.host.faults.hold('build')
    const request = { name: 'base', source: { kind: 'builtin', name: 'base' } } as const
    const { template, done } = await bed.engine.templates.begin(request)
    expect(template).toMatchObject({ ref: 'base@1', state: 'building' })
    await held.reached
    held.release()
    expect(await bed.patiently(done)).toMatchObject({ ref: 'base@1', state: 'ready' })
    expect((await bed.engine.templates.begin(request)).template).toMatchObject({ ref: 'base@1', state: 'ready' })
  })

  it('a begun build that fails harms nobody, and one that cannot begin says so', async () => {
    const bed = await new EngineBed().start()
    bed.host.faults.fail('build')
    const { done } = await bed.engine.templates.begin({ name: 'base', source: { kind: 'builtin', name: 'base' } })
    await expect(done).rejects.toThrow()
    await expect(bed.engine.templates.begin({ name: 'base', source: { kind: 'tar', path: '/none' } })).rejects.toMatchObject({
      code: 'driver_misconfigured',
    })
  })
})
