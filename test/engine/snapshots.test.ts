import { HearthError, type SnapshotId } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

async function withMachine(secrets: Record<string, string> = {}) {
  const bed = await new EngineBed().start()
  await bed.template()
  const machine = await bed.engine.launch({ template: 'base', name: 'web', env: { MINE: '1' }, labels: { team: 'a' }, secrets })
  return { bed, machine, engine: bed.engine }
}

describe('a snapshot', () => {
  it('freezes a machine that goes on with all it was given', async () => {
    const { engine, machine, bed } = await withMachine({ KEY: 'hush' })
    const snapshot = await engine.snapshots.create('web', { tag: 'before the upgrade' })
    expect(snapshot).toMatchObject({
      kind: 'user',
      state: 'ready',
      tag: 'before the upgrade',
      source: machine.id,
      parent: machine.restoredFrom,
      manifest: {
        quality: 'memory+disk',
        quiesce: { result: 'quiesced' },
        config: { env: { MINE: '1' }, labels: { team: 'a' } },
        compatibility: { guestProtocol: 1 },
      },
    })
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ MINE: '1', KEY: 'hush' })
    expect(bed.guests.at(-1)?.state.frozen).toBe(false)
    expect(bed.guests.at(-1)?.state.token?.toString()).toMatch(/^[0-9a-f]{64}$/)
    const files = [...(bed.host.snapshots.get(snapshot.id)?.files.values() ?? [])]
    for (const { bytes } of files) expect(bytes.includes('hush')).toBe(false)
    expect(JSON.stringify(snapshot)).not.toContain('hush')
  })

  it('becomes a machine of its own, without the secrets of its source', async () => {
    const { engine, machine, bed } = await withMachine({ KEY: 'hush' })
    const { id } = await engine.snapshots.create('web')
    const { machine: clone } = await engine.snapshots.restore(id, { env: { MINE: '2' } })
    expect(clone).toMatchObject({
      restoredFrom: id,
      boot: { method: 'restored', snapshotId: id },
      config: { labels: { team: 'a' } },
    })
    expect(JSON.parse(await bed.run(clone, 'env'))).toEqual({ MINE: '2' })
    expect(clone.machineUuid).not.toBe(machine.machineUuid)
    expect((await engine.launch({ snapshot: id, secrets: { KEY: 'new' } })).restoredFrom).toBe(id)
  })

  it('is labelled when its guest could not be brought to rest', async () => {
    const { engine, bed, machine } = await withMachine()
    const guest = await engine.machines.guest('web')
    guest.suspend = () => Promise.reject(new HearthError('guest_unreachable', 'no answer'))
    const snapshot = await engine.snapshots.create('web')
    expect(snapshot.manifest).toMatchObject({ quality: 'crash-consistent', quiesce: { result: 'failed', detail: 'no answer' } })
    expect(await bed.run(machine, 'echo', 'on')).toBe('on')
    const { machine: clone } = await engine.snapshots.restore(snapshot.id, {})
    expect(await bed.run(clone, 'identity')).toBe(`${clone.machineUuid} ${clone.id}`)
  })

  it('is refused when its guest could not be brought to rest and holds secrets', async () => {
    const { engine, bed } = await withMachine({ KEY: 'hush' })
    const guest = await engine.machines.guest('web')
    guest.suspend = () => Promise.reject(new HearthError('guest_unreachable', 'no answer'))
    await expect(engine.snapshots.create('web')).rejects.toMatchObject({
      code: 'guest_unreachable',
      message: expect.stringContaining('secrets'),
    })
    expect(bed.host.snapshots.size).toBe(1)
    expect((await engine.machines.get('web')).state).toBe('running')
  })

  it.each(['snapshot', 'write', 'publish_snapshot'] as const)('that fails at %s leaves a row that says why', async (point) => {
    const { engine, machine, bed } = await withMachine({ KEY: 'hush' })
    bed.host.faults.fail(point, new Error('the disk is full'))
    await expect(engine.snapshots.create('web')).rejects.toThrow('the disk is full')
    expect(await engine.snapshots.list({ machine: 'web' })).toMatchObject([{ state: 'failed', failure: 'the disk is full' }])
    expect(bed.host.snapshots.size).toBe(1)
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ MINE: '1', KEY: 'hush' })
  })

  it('that is cancelled midway lets the machine go on', async () => {
    const { engine, machine, bed } = await withMachine()
    const abort = new AbortController()
    const held = bed.host.faults.hold('write')
    const making = engine.snapshots.create('web', { signal: abort.signal })
    await held.reached
    abort.abort()
    await expect(making).rejects.toMatchObject({ code: 'cancelled' })
    expect(bed.host.snapshots.size).toBe(1)
    expect(await bed.run(machine, 'echo', 'on')).toBe('on')
  })

  it('of a machine that is ended meanwhile comes to nothing', async () => {
    const { engine, bed } = await withMachine()
    const held = bed.host.faults.hold('write')
    const making = engine.snapshots.create('web')
    await held.reached
    const ending = engine.machines.destroy('web')
    await expect(making).rejects.toMatchObject({ code: 'cancelled' })
    await ending
    expect(bed.onHost().machines).toEqual([])
    expect(bed.host.snapshots.size).toBe(1)
  })

  it('needs a machine that runs', async () => {
    const { engine } = await withMachine()
    await engine.machines.pause('web')
    await expect(engine.snapshots.create('web')).rejects.toMatchObject({ code: 'machine_not_running' })
    await expect(engine.snapshots.create('nobody')).rejects.toMatchObject({ code: 'machine_not_found' })
  })

  it('that is damaged is found, and refused from then on', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    expect(await engine.snapshots.verify(id)).toMatchObject({ ok: true })
    bed.host.flipByte(id)
    expect(await engine.snapshots.verify(id)).toMatchObject({
      ok: false,
      snapshot: { state: 'quarantined' },
      detail: expect.stringContaining(id),
    })
    await expect(engine.snapshots.restore(id, {})).rejects.toMatchObject({ code: 'snapshot_not_ready' })
    const cold = await engine.launch({ snapshot: id, boot: 'auto' })
    expect(cold.boot).toMatchObject({ method: 'cold', reasons: [{ code: 'snapshot_corrupt' }] })
    await engine.snapshots.remove(id)
  })

  it('is quarantined by the restore that finds it damaged', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    bed.host.flipByte(id)
    await expect(engine.snapshots.restore(id, {})).rejects.toMatchObject({ code: 'driver_corrupt' })
    expect(await engine.snapshots.show(id)).toMatchObject({ state: 'quarantined' })
  })

  it('cannot be removed while a clone of it lives, unless that is forced', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    const { machine: clone } = await engine.snapshots.restore(id, {})
    await expect(engine.snapshots.remove(id)).rejects.toMatchObject({ code: 'snapshot_in_use', details: { users: [clone.id] } })
    await engine.snapshots.remove(id, { force: true })
    expect(await engine.machines.get(clone.id)).toMatchObject({ state: 'stopped' })
    await expect(engine.snapshots.show(id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(bed.host.snapshots.has(id)).toBe(false)
  })

  it('of a template stays when it is damaged, as long as another builds on it', async () => {
    const { engine, bed } = await withMachine()
    const { id, parent } = await engine.snapshots.create('web')
    expect(parent).toBeDefined()
    await engine.machines.destroy('web')
    bed.host.flipByte(parent as SnapshotId)
    expect(await engine.snapshots.verify(parent as SnapshotId)).toMatchObject({ ok: false })
    await bed.patiently(engine.settled())
    expect((await engine.snapshots.show(id)).state).toBe('ready')
    expect(await bed.store.snapshots.get(parent as SnapshotId)).toMatchObject({ state: 'quarantined' })
  })

  it('cannot be removed while another builds on it', async () => {
    const { engine } = await withMachine()
    const first = await engine.snapshots.create('web')
    const { machine: clone } = await engine.snapshots.restore(first.id, {})
    const second = await engine.snapshots.create(clone.id)
    expect(second.parent).toBe(first.id)
    await engine.machines.destroy(clone.id)
    const refusal = { code: 'snapshot_in_use', details: { users: [second.id] } }
    await expect(engine.snapshots.remove(first.id, { force: true })).rejects.toMatchObject(refusal)
    await engine.snapshots.remove(second.id)
    await engine.snapshots.remove(first.id)
  })

  it('that is being removed cannot be restored, and the other way round', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    const held = bed.host.faults.hold('restore')
    const restoring = engine.snapshots.restore(id, {})
    await held.reached
    await expect(engine.snapshots.remove(id)).rejects.toMatchObject({ code: 'snapshot_in_use' })
    held.release()
    await engine.machines.destroy((await restoring).machine.id)
    const [removed, late] = await Promise.allSettled([engine.snapshots.remove(id), engine.snapshots.restore(id, {})])
    expect([removed?.status, late?.status].sort()).toEqual(['fulfilled', 'rejected'])
    expect(bed.host.machines.size).toBe(late?.status === 'fulfilled' ? 2 : 1)
  })

  it('is found by machine and by template, newest first', async () => {
    const { engine, bed } = await withMachine()
    const first = await engine.snapshots.create('web')
    bed.clock.advance(1)
    const second = await engine.snapshots.create('web')
    expect((await engine.snapshots.list({ machine: 'web' })).map((each) => each.id)).toEqual([second.id, first.id])
    expect(await engine.snapshots.list({ template: 'base' })).toHaveLength(3)
    expect(await engine.snapshots.list({ template: 'base@1' })).toHaveLength(3)
    expect(await engine.snapshots.list({ template: 'bas' })).toEqual([])
  })
})

describe('a fork', () => {
  it('makes clones of one moment, each its own, and the source goes on', async () => {
    const { engine, bed, machine } = await withMachine({ KEY: 'hush' })
    const { results, snapshotId } = await engine.fork('web', { count: 5, name: 'copy' })
    const clones = results.flatMap((each) => ('machine' in each ? [each.machine] : []))
    expect(clones.map((each) => each.name)).toEqual(['copy-1', 'copy-2', 'copy-3', 'copy-4', 'copy-5'])
    expect(new Set(clones.map((each) => each.machineUuid)).size).toBe(5)
    for (const clone of clones) {
      expect(clone.restoredFrom).toBe(snapshotId)
      expect(JSON.parse(await bed.run(clone, 'env'))).toEqual({ MINE: '1' })
    }
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ MINE: '1', KEY: 'hush' })
  })

  it('keeps its snapshot until the last clone has ended', async () => {
    const { engine, bed } = await withMachine()
    const { results, snapshotId } = await engine.fork('web', { count: 2 })
    const [first, second] = results.flatMap((each) => ('machine' in each ? [each.machine.id] : []))
    await engine.machines.destroy(first ?? '')
    expect(await engine.snapshots.show(snapshotId)).toMatchObject({ kind: 'fork', state: 'ready' })
    await engine.machines.destroy(second ?? '')
    await expect(engine.snapshots.show(snapshotId)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(bed.host.snapshots.has(snapshotId)).toBe(false)
  })

  it('keeps its snapshot as long as a snapshot of a clone builds on it', async () => {
    const { engine } = await withMachine()
    const { results, snapshotId } = await engine.fork('web', { count: 1 })
    const [clone] = results.flatMap((each) => ('machine' in each ? [each.machine.id] : []))
    const child = await engine.snapshots.create(clone ?? '')
    await engine.machines.destroy(clone ?? '')
    expect(await engine.snapshots.show(snapshotId)).toMatchObject({ state: 'ready' })
    await engine.snapshots.remove(child.id)
    await expect(engine.snapshots.show(snapshotId)).rejects.toMatchObject({ code: 'snapshot_not_found' })
  })

  it('tells which clones failed, and why', async () => {
    const { engine, bed } = await withMachine()
    bed.host.faults.fail('restore')
    const { results } = await engine.fork('web', { count: 3 })
    expect(results.map((each) => ('error' in each ? each.error.code : 'machine')).sort()).toEqual([
      'driver_unavailable',
      'machine',
      'machine',
    ])
    expect(bed.host.machines.size).toBe(3)
  })

  it('leaves nothing when every clone failed', async () => {
    const { engine, bed } = await withMachine()
    for (let n = 0; n < 3; n++) bed.host.faults.fail('restore')
    const { results, snapshotId } = await engine.fork('web', { count: 3 })
    expect(results.every((each) => 'error' in each)).toBe(true)
    await expect(engine.snapshots.show(snapshotId)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(bed.host.machines.size).toBe(1)
  })

  it('that is cancelled leaves nothing, the quick clones included', async () => {
    const { engine, bed } = await withMachine()
    const abort = new AbortController()
    const restored = bed.engine.events.subscribe(({ kind, row }) => {
      if (kind === 'machine' && row.state === 'running' && row.boot?.method === 'restored') abort.abort()
    })
    await expect(engine.fork('web', { count: 10 }, { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' })
    restored()
    expect(bed.host.machines.size).toBe(1)
    expect(bed.host.snapshots.size).toBe(1)
  })

  it.each([0, 51, 1.5])('of %s clones is refused', async (count) => {
    const { engine } = await withMachine()
    await expect(engine.fork('web', { count })).rejects.toMatchObject({ code: 'invalid_input' })
  })
})
