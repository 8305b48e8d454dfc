import { type EngineOptions, removalReasons } from '@hearth/engine'
import type { SnapshotId } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'
import { assertInvariants } from './support/invariants.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** The cleaner runs when asked only. */
async function withMachine(options: Partial<EngineOptions> = { cleanerIntervalMs: 0 }) {
  const bed = await new EngineBed(options).start()
  await bed.template()
  const machine = await bed.engine.launch({ template: 'base', name: 'web' })
  const { engine } = bed
  const kept = async () => (await engine.snapshots.list({ kinds: ['user'] })).map((each) => each.id)
  const make = async (marks: Parameters<typeof engine.snapshots.create>[1] = {}): Promise<SnapshotId> => {
    bed.clock.advance(1000)
    return (await engine.snapshots.create('web', marks)).id
  }
  return { bed, machine, engine, kept, make }
}

describe('the cleaner', () => {
  it('removes what is expired and says so before and after', async () => {
    const { bed, engine, make, kept } = await withMachine()
    const [old, forever, young, pinned] = [
      await make({ ttlMs: hourMs, tag: 'old' }),
      await make({ ttlMs: 0 }),
      await make({ ttlMs: dayMs }),
      await make({ ttlMs: hourMs, pinned: true }),
    ]
    bed.clock.advance(hourMs)
    const { sizeBytes, createdAt } = await engine.snapshots.show(old)
    const dry = await engine.retention.run({ dryRun: true })
    expect(dry).toMatchObject({
      dryRun: true,
      removed: [{ snapshot: old, namespace: 'default', reason: 'expired', tag: 'old', sizeBytes, createdAt }],
      failed: [],
      freedBytes: sizeBytes,
      stillOver: [],
    })
    expect(dry.forgotten).toBeUndefined()
    expect(await kept()).toHaveLength(4)
    expect(engine.retention.lastRun()).toBeUndefined()
    const real = await engine.retention.run()
    expect(real.removed).toEqual(dry.removed)
    expect(await kept()).toEqual([pinned, young, forever])
    expect(engine.retention.lastRun()).toEqual(real)
    expect((await engine.retention.run()).removed).toEqual([])
    await assertInvariants(bed)
  })

  it('leaves what machines run from, and removes it when they have ended', async () => {
    const { bed, engine, make, kept } = await withMachine()
    const id = await make({ ttlMs: hourMs })
    const { machine: clone } = await engine.snapshots.restore(id, {})
    bed.clock.advance(dayMs)
    expect((await engine.retention.run()).removed).toEqual([])
    await engine.machines.destroy(clone.id)
    expect((await engine.retention.run()).removed).toMatchObject([{ snapshot: id, reason: 'expired' }])
    expect(await kept()).toEqual([])
  })

  it('removes a line of snapshots from its end, and none on which another is built that stays', async () => {
    const { bed, engine, make } = await withMachine()
    const first = await make({ ttlMs: hourMs })
    const { machine: clone } = await engine.snapshots.restore(first, {})
    const second = await engine.snapshots.create(clone.id, { ttlMs: hourMs, pinned: true })
    await engine.machines.destroy(clone.id)
    bed.clock.advance(dayMs)
    expect((await engine.retention.run()).removed, 'the first has a child that is pinned').toEqual([])
    await engine.snapshots.change(second.id, { pinned: false })
    const { removed } = await engine.retention.run()
    expect(removed.map((each) => each.snapshot)).toEqual([second.id, first])
  })

  it('forgets failed snapshots after a while', async () => {
    const { bed, engine } = await withMachine()
    bed.host.faults.fail('snapshot')
    await expect(engine.snapshots.create('web', { ttlMs: 1 })).rejects.toMatchObject({ code: 'driver_unavailable' })
    bed.clock.advance(7 * dayMs - 1)
    expect((await engine.retention.run()).removed).toEqual([])
    bed.clock.advance(1)
    expect((await engine.retention.run()).removed).toMatchObject([{ reason: 'failed', sizeBytes: 0 }])
  })

  it('removes a damaged snapshot when its time is over', async () => {
    const { bed, engine, make } = await withMachine()
    const id = await make({ ttlMs: hourMs })
    bed.host.flipByte(id)
    await engine.snapshots.verify(id)
    expect((await engine.retention.run()).removed).toEqual([])
    bed.clock.advance(hourMs)
    expect((await engine.retention.run()).removed).toMatchObject([{ snapshot: id, reason: 'expired' }])
  })

  it('keeps the newest of each machine where a namespace says how many', async () => {
    const { engine, make, kept } = await withMachine()
    const made = [await make({ pinned: true }), await make(), await make(), await make()]
    const other = await engine.launch({ template: 'base', name: 'other' })
    const alone = await engine.snapshots.create(other.id)
    await engine.namespaces.change('default', { keepLast: 2 })
    const { removed } = await engine.retention.run()
    expect(removed).toMatchObject([{ snapshot: made[1], reason: 'keep_last' }])
    expect((await kept()).sort()).toEqual([alone.id, made[3], made[2], made[0]].sort())
  })

  it('brings a namespace back within its limits, the oldest first', async () => {
    const { engine, make, kept } = await withMachine()
    const made = [await make(), await make({ pinned: true }), await make(), await make()]
    await engine.namespaces.change('default', { snapshotLimit: 3 })
    expect((await engine.retention.run()).removed).toMatchObject([{ snapshot: made[0], reason: 'quota_count' }])
    const { sizeBytes = 0 } = await engine.snapshots.show(made[3] as SnapshotId)
    await engine.namespaces.change('default', { snapshotBytesLimit: 2 * sizeBytes })
    expect((await engine.retention.run()).removed).toMatchObject([{ snapshot: made[2], reason: 'quota_bytes' }])
    await engine.namespaces.change('default', { snapshotLimit: 0 })
    expect(await engine.retention.run()).toMatchObject({
      removed: [{ snapshot: made[3], reason: 'quota_count' }],
      stillOver: ['default'],
    })
    expect(await kept()).toEqual([made[1]])
  })

  it('looks at one namespace only when asked to, and forgets no rows then', async () => {
    const { bed, engine, make, kept } = await withMachine()
    await engine.namespaces.create({ name: 'team' })
    const ours = await make({ ttlMs: hourMs })
    await engine.snapshots.copy(ours, { namespace: 'team', ttlMs: hourMs })
    bed.clock.advance(dayMs)
    const report = await engine.retention.run({ namespace: 'team' })
    expect(report.removed).toMatchObject([{ namespace: 'team' }])
    expect(report.forgotten).toBeUndefined()
    expect(await kept()).toEqual([ours])
    await expect(engine.retention.run({ namespace: 'nowhere' })).rejects.toMatchObject({ code: 'namespace_not_found' })
  })

  it('keeps what was pinned while it was at work, and says so', async () => {
    const { bed, engine, make, kept } = await withMachine()
    const [first, second] = [await make({ ttlMs: hourMs }), await make({ ttlMs: hourMs })]
    bed.clock.advance(dayMs)
    // While the first is being removed, the plan for the second is already made.
    const stop = engine.events.subscribe(({ kind, row }) => {
      if (kind === 'snapshot' && row.id === first && row.state === 'deleting')
        void engine.snapshots.change(second, { pinned: true })
    })
    const report = await engine.retention.run()
    stop()
    expect(report.removed.map((each) => each.snapshot)).toEqual([first])
    expect(report.failed).toMatchObject([{ snapshot: second, kept: true, failure: expect.stringContaining('pinned meanwhile') }])
    expect(await kept()).toEqual([second])
  })

  it('leaves snapshots of other hosts to their own servers', async () => {
    const { bed, engine, make, kept } = await withMachine()
    const id = await make({ ttlMs: hourMs })
    const { rev } = await engine.snapshots.show(id)
    await bed.store.snapshots.update(id, rev, { host: 'h-1111111111111111' })
    bed.clock.advance(dayMs)
    expect(await engine.retention.run()).toMatchObject({ removed: [], failed: [] })
    expect(await kept()).toEqual([id])
  })

  it('goes on when the driver fails, and tries again the next time', async () => {
    const { bed, engine, make } = await withMachine()
    const [first, second] = [await make({ ttlMs: hourMs }), await make({ ttlMs: hourMs })]
    bed.clock.advance(dayMs)
    const { removeSnapshot } = bed.driver
    let fails = 1
    bed.driver.removeSnapshot = (id) =>
      fails-- > 0 ? Promise.reject(new Error('the disk is gone')) : removeSnapshot.call(bed.driver, id)
    const report = await engine.retention.run()
    expect(report.removed.map((each) => each.snapshot)).toEqual([second])
    expect(report.failed).toMatchObject([{ snapshot: first, kept: false, failure: 'the disk is gone' }])
    await bed.restart()
    expect(await bed.engine.snapshots.list({ kinds: ['user'] })).toEqual([])
  })

  it('says each reason that its report may give', () => {
    expect([...removalReasons].sort()).toEqual(['expired', 'failed', 'keep_last', 'quota_bytes', 'quota_count'])
  })
})

describe('old rows', () => {
  it('are forgotten, by one server of a store at a time', async () => {
    const { bed, engine } = await withMachine()
    await engine.machines.destroy('web')
    bed.clock.advance(6 * dayMs)
    await engine.launch({ template: 'base', name: 'young' })
    await engine.machines.destroy('young')
    bed.clock.advance(dayMs + 1)
    await bed.store.leases.take('cleaner', 'another', bed.clock.now() + 1000, bed.clock.now())
    expect((await engine.retention.run()).forgotten).toBeUndefined()
    bed.clock.advance(1000)
    const { forgotten } = await engine.retention.run()
    expect(forgotten).toMatchObject({ machines: 1, audit: 0, idempotency: 0 })
    expect(forgotten?.events).toBeGreaterThan(0)
    expect((await engine.machines.list({ all: true })).map((each) => each.name)).toEqual(['young'])
    await expect(bed.store.leases.take('cleaner', 'another', 1, 0), 'it let go').resolves.toBeDefined()
  })
})

describe('by itself', () => {
  it('the cleaner runs soon after the start and then every hour', async () => {
    const { bed, engine, make, kept } = await withMachine({})
    const ran = async () => {
      await until(() => engine.retention.lastRun() !== undefined)
      return engine.retention.lastRun()?.startedAt
    }
    await make({ ttlMs: dayMs })
    bed.clock.advance(60_000)
    const first = await ran()
    expect(first).toBe(bed.clock.now())
    bed.clock.advance(hourMs - 1)
    await bed.engine.settled()
    expect(engine.retention.lastRun()?.startedAt).toBe(first)
    bed.clock.advance(1)
    await until(() => engine.retention.lastRun()?.startedAt !== first)
    bed.clock.advance(dayMs)
    await until(async () => (await kept()).length === 0)
    await engine.close()
    bed.clock.advance(dayMs)
    expect(bed.clock.sleeping).toBe(0)
  })

  it('snapshots are read again, one at a time, those first that were not for the longest time', async () => {
    const { bed, engine, make } = await withMachine({ cleanerIntervalMs: 0, scrubAfterMs: dayMs, scrubPauseMs: 1000 })
    const [checked, damaged, whole] = [await make({ ttlMs: 0 }), await make({ ttlMs: 0 }), await make({ ttlMs: 0 })]
    const template = (await engine.snapshots.list({ kinds: ['template'] }))[0]?.id
    bed.host.flipByte(damaged)
    const read: { id: string; at: number }[] = []
    const { verifySnapshot } = bed.driver
    bed.driver.verifySnapshot = (manifest, options) => {
      read.push({ id: manifest.id, at: bed.clock.now() })
      return verifySnapshot.call(bed.driver, manifest, options)
    }
    bed.clock.advance(hourMs)
    await engine.snapshots.verify(checked)
    read.length = 0
    await turning(bed, () => read.length >= 4)
    expect(read.slice(0, 4).map((each) => each.id)).toEqual([template, damaged, whole, checked])
    for (const [index, { at }] of read.slice(1, 3).entries()) expect(at - (read[index]?.at ?? 0)).toBe(1000)
    expect(await engine.snapshots.show(damaged)).toMatchObject({ state: 'quarantined' })
    expect(await engine.snapshots.show(whole)).toMatchObject({ state: 'ready', verifiedAt: read[2]?.at })
    bed.clock.advance(dayMs)
    await turning(bed, () => read.length >= 7)
    expect(read.filter((each) => each.id === damaged)).toHaveLength(1)
    const events = await bed.store.events.after(0, { limit: 1000 })
    expect(events).toContainEqual(expect.objectContaining({ kind: 'snapshot', id: damaged, state: 'quarantined' }))
    await engine.close()
    expect(bed.clock.sleeping).toBe(0)
  })
})

/** Gives work its turns until `holds`. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (await holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect.fail('it never came')
}

/** Turns the clock from sleeper to sleeper, with time for work between, until `holds`. */
async function turning(bed: EngineBed, holds: () => boolean): Promise<void> {
  await until(async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
    if (holds()) return true
    bed.clock.advanceToNext(hourMs)
    return false
  })
}
