import { defaultSnapshotTtlMs, HearthError, type Name } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'
import { assertInvariants } from './support/invariants.ts'

const dayMs = 86_400_000

async function withMachine(request: { readonly env?: Record<string, string>; readonly labels?: Record<string, string> } = {}) {
  // What is expired is to stay until it is asked for.
  const bed = await new EngineBed({ cleanerIntervalMs: 0 }).start()
  await bed.template()
  const machine = await bed.engine.launch({ template: 'base', name: 'web', ...request })
  return { bed, machine, engine: bed.engine }
}

describe('a snapshot that is begun', () => {
  it('has a row at once and is made while nobody waits', async () => {
    const { engine, bed } = await withMachine()
    const held = bed.host.faults.hold('write')
    const { snapshot, done } = await engine.snapshots.begin('web', {
      tag: 'first',
      labels: { team: 'a' },
      ttlMs: 0,
      pinned: true,
    })
    expect(snapshot).toMatchObject({ state: 'creating', tag: 'first', labels: { team: 'a' }, ttlMs: 0, pinned: true })
    await held.reached
    expect(await engine.snapshots.show(snapshot.id)).toMatchObject({ state: 'creating' })
    held.release()
    await engine.settled()
    expect(await done).toMatchObject({ id: snapshot.id, state: 'ready', sizeBytes: expect.any(Number) })
    await assertInvariants(bed)
  })

  it('waits for its turn and says why it failed', async () => {
    const { engine, bed } = await withMachine()
    const held = bed.host.faults.hold('write')
    const first = await engine.snapshots.begin('web')
    const second = await engine.snapshots.begin('web')
    await held.reached
    expect(await engine.snapshots.show(second.snapshot.id)).toMatchObject({ state: 'creating' })
    bed.host.faults.fail('snapshot', new HearthError('driver_unavailable', 'the disk is full'))
    held.release()
    expect(await first.done).toMatchObject({ state: 'ready' })
    await engine.settled()
    await expect(second.done).rejects.toMatchObject({ code: 'driver_unavailable' })
    expect(await engine.snapshots.show(second.snapshot.id)).toMatchObject({ state: 'failed', failure: 'the disk is full' })
  })

  it('fails with its machine, and no later than that', async () => {
    const { engine, bed } = await withMachine()
    const held = bed.host.faults.hold('write')
    const first = await engine.snapshots.begin('web')
    const waiting = await engine.snapshots.begin('web')
    await held.reached
    await engine.machines.destroy('web')
    for (const { snapshot, done } of [first, waiting]) {
      await expect(done).rejects.toMatchObject({ code: 'cancelled' })
      expect(await engine.snapshots.show(snapshot.id)).toMatchObject({ state: 'failed', failure: 'cancelled' })
    }
    await assertInvariants(bed)
  })

  it('is refused without a row when its machine does not run', async () => {
    const { engine } = await withMachine()
    await engine.machines.pause('web')
    await expect(engine.snapshots.begin('web')).rejects.toMatchObject({ code: 'machine_not_running' })
    await expect(engine.snapshots.begin('nobody')).rejects.toMatchObject({ code: 'machine_not_found' })
    expect(await engine.snapshots.list({ kinds: ['user'] })).toEqual([])
  })

  it('is kept for 14 days unless told otherwise', async () => {
    const { engine } = await withMachine()
    expect(await engine.snapshots.create('web')).toMatchObject({ ttlMs: defaultSnapshotTtlMs, pinned: false, labels: {} })
    expect(defaultSnapshotTtlMs).toBe(14 * dayMs)
  })

  it.each([
    [{ tag: '' }, 'tag'],
    [{ tag: 'a\nb' }, 'tag'],
    [{ tag: 'x'.repeat(129) }, 'tag'],
    [{ ttlMs: -1 }, 'ttlMs'],
    [{ ttlMs: 1.5 }, 'ttlMs'],
    [{ ttlMs: 3651 * dayMs }, 'ttlMs'],
    [{ labels: { 'bad key': '1' } }, 'labels'],
  ])('is refused with %j', async (marks, field) => {
    const { engine } = await withMachine()
    await expect(engine.snapshots.create('web', marks)).rejects.toMatchObject({ code: 'invalid_input', details: { field } })
  })
})

describe('limits of a namespace', () => {
  it('bound the snapshots it holds, by number', async () => {
    const { engine, bed } = await withMachine()
    await engine.namespaces.change('default', { snapshotLimit: 2 })
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => engine.snapshots.create('web')))
    const refused = results.flatMap((each) => (each.status === 'rejected' ? [each.reason as HearthError] : []))
    expect(refused.map((each) => each.code)).toEqual(['limit_reached', 'limit_reached'])
    expect(refused[0]).toMatchObject({
      details: { namespace: 'default', limit: 'snapshotLimit', allowed: 2, used: 2 },
      message: 'namespace default has 2 snapshots, and its limit is 2',
    })
    const [first] = await engine.snapshots.list({ kinds: ['user'] })
    await engine.snapshots.remove(first?.id ?? '')
    expect(await engine.snapshots.create('web')).toMatchObject({ state: 'ready' })
    await assertInvariants(bed)
  })

  it('hold although two servers are as quick as each other', async () => {
    const { engine, bed } = await withMachine()
    await engine.namespaces.change('default', { snapshotLimit: 1 })
    const { usage } = bed.store.snapshots
    let looks = 0
    // The other server's row comes between this one's look and its own row.
    bed.store.snapshots.usage = async (name) => {
      const seen = await usage.call(bed.store.snapshots, name)
      return ++looks === 1 ? seen : { ...seen, count: seen.count + 1 }
    }
    await expect(engine.snapshots.create('web')).rejects.toMatchObject({ code: 'limit_reached' })
    expect(await engine.snapshots.list({ kinds: ['user'] })).toEqual([])
  })

  it('are 100 unless said otherwise, and what failed does not count', async () => {
    const { engine, bed } = await withMachine()
    expect(await engine.namespaces.get('default')).toMatchObject({ snapshotLimit: 100 })
    await engine.namespaces.change('default', { snapshotLimit: 1 })
    bed.host.faults.fail('snapshot')
    await expect(engine.snapshots.create('web')).rejects.toMatchObject({ code: 'driver_unavailable' })
    expect(await engine.snapshots.create('web')).toMatchObject({ state: 'ready' })
  })

  it('bound the snapshots it holds, by bytes', async () => {
    const { engine, bed } = await withMachine()
    const { sizeBytes = 0 } = await engine.snapshots.create('web')
    await engine.namespaces.change('default', { snapshotBytesLimit: sizeBytes + 1 })
    // How large it is, is known when it is written: it fails then, and leaves nothing but its row.
    await expect(engine.snapshots.create('web')).rejects.toMatchObject({
      code: 'limit_reached',
      details: { limit: 'snapshotBytesLimit' },
    })
    expect(await engine.snapshots.list({ states: ['failed'] })).toHaveLength(1)
    await engine.namespaces.change('default', { snapshotBytesLimit: sizeBytes })
    await expect(engine.snapshots.create('web')).rejects.toMatchObject({ code: 'limit_reached' })
    expect(await engine.snapshots.list({ states: ['failed'] }), 'one that cannot fit is not begun').toHaveLength(1)
    await assertInvariants(bed)
  })
})

describe('finding snapshots', () => {
  it('by what they are, page by page, newest first', async () => {
    const { engine, bed, machine } = await withMachine()
    const made: string[] = []
    for (const number of [1, 2, 3, 4, 5]) {
      bed.clock.advance(1000)
      const tag = number % 2 === 1 ? 'odd' : 'even'
      const { id } = await engine.snapshots.create('web', { tag, labels: { number: String(number) }, pinned: number === 5 })
      made.unshift(id)
    }
    const ids = async (query: Parameters<typeof engine.snapshots.page>[0]) =>
      (await engine.snapshots.page({ kinds: ['user'], ...query })).items.map((each) => each.id)
    const first = await engine.snapshots.page({ kinds: ['user'], limit: 2 })
    const second = await engine.snapshots.page({ kinds: ['user'], limit: 2, cursor: first.next ?? '' })
    const third = await engine.snapshots.page({ kinds: ['user'], limit: 2, cursor: second.next ?? '' })
    expect([first, second, third].flatMap((each) => each.items.map(({ id }) => id))).toEqual(made)
    expect(third.next).toBeUndefined()
    expect(await ids({ tag: 'even' })).toEqual([made[1], made[3]])
    expect(await ids({ labels: { number: '3' } })).toEqual([made[2]])
    expect(await ids({ pinned: true })).toEqual([made[0]])
    expect(await ids({ machine: machine.id })).toEqual(made)
    expect(await ids({ machine: 'web', states: ['failed'] })).toEqual([])
    expect(await ids({ parent: machine.restoredFrom ?? '' })).toEqual(made)
    expect(await ids({ template: 'base@2' })).toEqual([])
    const { createdAt } = await engine.snapshots.show(made[2] ?? '')
    expect(await ids({ createdAfter: createdAt })).toEqual([made[0], made[1]])
    expect(await ids({ createdBefore: createdAt })).toEqual([made[3], made[4]])
    expect(await engine.in('other').snapshots.list()).toEqual([])
  })

  it('of a machine that has ended, by its id', async () => {
    const { engine, machine } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    await engine.machines.destroy('web')
    expect(await engine.snapshots.list({ machine: machine.id })).toMatchObject([{ id }])
    await expect(engine.snapshots.list({ machine: 'web' })).rejects.toMatchObject({ code: 'machine_not_found' })
  })
})

describe('changing a snapshot', () => {
  it('sets and clears what is given and leaves the rest', async () => {
    const { engine } = await withMachine()
    const made = await engine.snapshots.create('web', { tag: 'old', labels: { a: '1' } })
    const changed = await engine.snapshots.change(made.id, { ttlMs: 0, pinned: true, labels: { b: '2' } }, { ifRev: made.rev })
    expect(changed).toMatchObject({ tag: 'old', labels: { b: '2' }, ttlMs: 0, pinned: true })
    const cleared = await engine.snapshots.change(made.id, { tag: null, pinned: false })
    expect(cleared).toMatchObject({ labels: { b: '2' }, pinned: false })
    expect(cleared).not.toHaveProperty('tag')
    const stale = engine.snapshots.change(made.id, { tag: 'mine' }, { ifRev: made.rev })
    await expect(stale).rejects.toMatchObject({ code: 'precondition_failed', details: { rev: cleared.rev } })
    await expect(engine.in('other').snapshots.change(made.id, {})).rejects.toMatchObject({ code: 'snapshot_not_found' })
    await expect(engine.snapshots.change(made.id, { ttlMs: Number.NaN })).rejects.toMatchObject({ code: 'invalid_input' })
  })
})

describe('a copy of a snapshot', () => {
  it('is one of its own, in another namespace, and either is removed without the other', async () => {
    const { engine, bed, machine } = await withMachine({ env: { MINE: '1' } })
    await engine.namespaces.create({ name: 'team' })
    const made = await engine.snapshots.create('web', { tag: 'v1', labels: { a: '1' }, ttlMs: 5000, pinned: true })
    bed.clock.advance(4000)
    const copy = await engine.snapshots.copy(made.id, { namespace: 'team', labels: { b: '2' } })
    expect(copy).toMatchObject({
      kind: 'user',
      namespace: 'team',
      state: 'ready',
      source: machine.id,
      parent: machine.restoredFrom,
      tag: 'v1',
      labels: { b: '2' },
      ttlMs: defaultSnapshotTtlMs,
      pinned: false,
      sizeBytes: made.sizeBytes,
      createdAt: made.createdAt + 4000,
      manifest: { id: copy.id, artifacts: made.manifest?.artifacts },
    })
    await engine.snapshots.remove(made.id)
    const { machine: clone } = await engine.in('team').snapshots.restore(copy.id, {})
    expect(JSON.parse(await bed.run(clone, 'env'))).toEqual({ MINE: '1' })
    await expect(engine.snapshots.show(copy.id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(await engine.namespaces.usage('team')).toEqual({ liveMachines: 1, snapshots: 1, snapshotBytes: made.sizeBytes })
  })

  it('counts in the limits of where it goes', async () => {
    const { engine } = await withMachine()
    await engine.namespaces.create({ name: 'none', snapshotLimit: 0 })
    await engine.namespaces.create({ name: 'small', snapshotBytesLimit: 10 })
    const { id } = await engine.snapshots.create('web')
    for (const namespace of ['none', 'small']) {
      await expect(engine.snapshots.copy(id, { namespace })).rejects.toMatchObject({ code: 'limit_reached' })
      expect(await engine.in(namespace).snapshots.list()).toEqual([])
    }
    await expect(engine.snapshots.copy(id, { namespace: 'nowhere' })).rejects.toMatchObject({ code: 'namespace_not_found' })
  })

  it('leaves a row that says why when it fails, and no files', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    for (const point of ['copy', 'publish_snapshot'] as const) {
      bed.host.faults.fail(point)
      await expect(engine.snapshots.copy(id, { tag: point })).rejects.toMatchObject({ code: 'driver_unavailable' })
      expect(await engine.snapshots.list({ tag: point })).toMatchObject([{ state: 'failed' }])
    }
    await assertInvariants(bed)
  })

  it('keeps its source from being removed while it is read, and is made of a ready one only', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    const held = bed.host.faults.hold('copy')
    const copying = engine.snapshots.copy(id)
    await held.reached
    await expect(engine.snapshots.remove(id)).rejects.toMatchObject({ code: 'snapshot_in_use' })
    held.release()
    expect(await copying).toMatchObject({ state: 'ready' })
    bed.host.flipByte(id)
    await engine.snapshots.verify(id)
    await expect(engine.snapshots.copy(id)).rejects.toMatchObject({ code: 'snapshot_not_ready' })
  })
})

describe('the lineage of a snapshot', () => {
  it('leads from the template to what was made of it', async () => {
    const { engine, bed } = await withMachine()
    const first = await engine.snapshots.create('web')
    bed.clock.advance(1)
    const sibling = await engine.snapshots.create('web')
    const { machine: clone } = await engine.snapshots.restore(first.id, {})
    const second = await engine.snapshots.create(clone.id)
    bed.clock.advance(1)
    const third = await engine.snapshots.create(clone.id)
    const { root, id, truncated } = await engine.snapshots.tree(first.id)
    expect({ id, truncated }).toEqual({ id: first.id, truncated: false })
    expect(root.snapshot).toMatchObject({ kind: 'template' })
    expect(
      root.children.map((each) => each.snapshot.id),
      'siblings are not in the line',
    ).toEqual([first.id])
    expect(root.children[0]?.children.map((each) => each.snapshot.id)).toEqual([second.id, third.id])
    const fromRoot = await engine.snapshots.tree(root.snapshot.id)
    expect(fromRoot.root.children.map((each) => each.snapshot.id)).toEqual([first.id, sibling.id])
  })

  it('shows nothing of other namespaces', async () => {
    const { engine } = await withMachine()
    await engine.namespaces.create({ name: 'team' })
    const { id } = await engine.snapshots.create('web')
    const copy = await engine.snapshots.copy(id, { namespace: 'team' })
    const { root } = await engine.in('team').snapshots.tree(copy.id)
    expect(root.snapshot.kind).toBe('template')
    expect(root.children.map((each) => each.snapshot.id)).toEqual([copy.id])
    const seen = await engine.snapshots.tree(root.snapshot.id)
    expect(seen.root.children.map((each) => each.snapshot.id)).toEqual([id])
  })
})

describe('restoring a snapshot whose time is over', () => {
  const request = { env: { MINE: '1' }, labels: { team: 'a' } }

  it('gives a fresh machine of the same configuration, and says so', async () => {
    const { engine, bed, machine } = await withMachine(request)
    const { id } = await engine.snapshots.create('web', { ttlMs: dayMs })
    bed.clock.advance(dayMs - 1)
    expect(await engine.snapshots.restore(id, {})).toMatchObject({ restoredFromSnapshot: true, ttlExpired: false })
    bed.clock.advance(1)
    const fresh = await engine.snapshots.restore(id, { env: { MORE: '2' } })
    expect(fresh).toMatchObject({
      restoredFromSnapshot: false,
      ttlExpired: true,
      machine: {
        template: machine.template,
        restoredFrom: machine.restoredFrom,
        boot: { method: 'restored' },
        config: { labels: { team: 'a' }, env: { MINE: '1', MORE: '2' } },
      },
    })
    expect(JSON.parse(await bed.run(fresh.machine, 'env'))).toEqual({ MINE: '1', MORE: '2' })
    for (const { boot } of [fresh.machine, await engine.launch({ snapshot: id })]) {
      expect(boot?.reasons).toContainEqual(expect.objectContaining({ code: 'snapshot_expired' }))
    }
  })

  it('restores it all the same when forced', async () => {
    const { engine, bed } = await withMachine(request)
    const { id } = await engine.snapshots.create('web', { ttlMs: 1000 })
    bed.clock.advance(dayMs)
    const forced = await engine.snapshots.restore(id, {}, { force: true })
    expect(forced).toMatchObject({ restoredFromSnapshot: true, ttlExpired: true, machine: { restoredFrom: id } })
    expect(forced.machine.boot?.reasons).toEqual([])
  })

  it('boots cold with the resources of the snapshot when the template has others', async () => {
    const { engine, bed } = await withMachine()
    const resources = { vcpus: 2, memoryMiB: 256, diskMiB: 128 }
    await engine.launch({ template: 'base', name: 'big', boot: 'cold', resources, egress: 'open' })
    const { id } = await engine.snapshots.create('big', { ttlMs: 1 })
    bed.clock.advance(1)
    const { machine } = await engine.snapshots.restore(id, {})
    expect(machine).toMatchObject({ resources, config: { egress: 'open' }, boot: { method: 'cold' } })
    const reasons = machine.boot?.reasons.map((each) => each.code)
    expect(reasons).toEqual(expect.arrayContaining(['snapshot_expired', 'snapshot_incompatible']))
  })

  it('never happens with a TTL of 0, and says what is wrong when it is not ready', async () => {
    const { engine, bed } = await withMachine()
    const forever = await engine.snapshots.create('web', { ttlMs: 0 })
    const damaged = await engine.snapshots.create('web', { ttlMs: 1 })
    bed.host.flipByte(damaged.id)
    await engine.snapshots.verify(damaged.id)
    bed.clock.advance(100 * 365 * dayMs)
    expect(await engine.snapshots.restore(forever.id, {})).toMatchObject({ restoredFromSnapshot: true, ttlExpired: false })
    await expect(engine.snapshots.restore(damaged.id, {})).rejects.toMatchObject({ code: 'snapshot_not_ready' })
    await expect(engine.in('other').snapshots.restore(forever.id, {})).rejects.toMatchObject({ code: 'namespace_not_found' })
  })
})

describe('a second server of the same store', () => {
  it('leaves the files of the first one alone', async () => {
    const { engine, bed } = await withMachine()
    const { id } = await engine.snapshots.create('web')
    const row = await engine.snapshots.show(id)
    await bed.store.snapshots.update(row.id, row.rev, { host: 'h-1111111111111111' })
    for (const work of [
      engine.snapshots.remove(id, { force: true }),
      engine.snapshots.copy(id),
      engine.snapshots.verify(id),
      engine.snapshots.restore(id, {}),
    ]) {
      await expect(work).rejects.toMatchObject({ code: 'wrong_host', details: { host: 'h-1111111111111111' } })
    }
    expect(await engine.in('default' as Name).snapshots.show(id)).toMatchObject({ state: 'ready' })
  })
})
