import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { EngineBed } from './support/engine-bed.ts'

let bed: EngineBed
beforeEach(async () => {
  bed = await new EngineBed().start()
  await bed.template()
})
afterEach(() => bed.engine.close())

const status = () => bed.engine.pools.get('base')
const settle = () => bed.patiently(bed.engine.settled())

describe('a pool', () => {
  it.each([
    [{ max: 0 }, 'max'],
    [{ max: 21 }, 'max'],
    [{ min: 5, max: 4 }, 'min'],
    [{ min: -1 }, 'min'],
    [{ min: 1.5 }, 'min'],
    [{ snapshotMaxAgeMs: 59_999 }, 'snapshotMaxAgeMs'],
    [{ snapshotMaxAgeMs: 86_400_001 }, 'snapshotMaxAgeMs'],
    [{ refillIntervalMs: 99 }, 'refillIntervalMs'],
    [{ entryMaxAgeMs: 0 }, 'entryMaxAgeMs'],
    [{ concurrency: 33 }, 'concurrency'],
    [{ startsPerMinute: 0 }, 'startsPerMinute'],
    [{ progressDeadlineMs: 1 }, 'progressDeadlineMs'],
    [{ lazy: 'yes' as never }, 'lazy'],
    [{ validators: [{ kind: 'port' as const, port: 0 }] }, 'validators[0].port'],
    [{ validators: [{ kind: 'http' as const, port: 80, path: 'healthz' }] }, 'validators[0].path'],
    [{ validators: [{ kind: 'command' as const, argv: [] }] }, 'validators[0].argv'],
    [{ validators: [{ kind: 'custom' as const, name: 'mine' }] }, 'validators'],
    [{ autoscale: { targetHitRate: 1, smallest: 0, largest: 4 } }, 'autoscale.targetHitRate'],
    [{ autoscale: { targetHitRate: 0.9, smallest: 5, largest: 4 } }, 'autoscale.smallest'],
    [{ autoscale: { targetHitRate: 0.9, smallest: 0, largest: 21 } }, 'autoscale.largest'],
  ])('is refused with %j, naming %s', async (settings, field) => {
    const error = await bed.engine.pools.set('base', { settings }).catch((refused) => refused)
    expect(error).toMatchObject({ code: 'invalid_input', message: expect.stringContaining(`${field}:`) })
    expect(await bed.engine.pools.list()).toEqual([])
  })

  it('is the only one of its machines', async () => {
    await bed.engine.pools.set('base', {})
    await expect(bed.engine.pools.set('other', { template: 'base' })).rejects.toMatchObject({ code: 'state_conflict' })
    await bed.template({ env: { NEW: 'yes' } })
    await bed.engine.pools.set('other', { template: 'base@2' })
  })

  it('says what it is at while it is warmed, and stops when it is told to', async () => {
    await bed.engine.pools.set('base', { settings: { min: 0, max: 3 } })
    const steps: string[] = []
    await bed.patiently(bed.engine.pools.warm('base', { progress: (step) => steps.push(step) }))
    expect([steps[0], steps.at(-1)]).toEqual(['0 of 3 machines are ready', '3 of 3 machines are ready'])
    const held = bed.host.faults.hold('restore')
    const abort = new AbortController()
    const more = await bed.engine.pools.set('base', { settings: { max: 4 } })
    expect(more.target).toBe(4)
    const warm = bed.engine.pools.warm('base', { signal: abort.signal })
    await held.reached
    abort.abort()
    await expect(warm).rejects.toMatchObject({ code: 'cancelled' })
    held.release()
    await settle()
    expect((await status()).depth).toBe(4)
  })

  it('replaces what is soon too old before it is, and hands nothing out that is', async () => {
    await bed.engine.pools.set('base', { settings: { min: 1, max: 2, entryMaxAgeMs: 60_000 } })
    await bed.patiently(bed.engine.pools.warm('base'))
    const first = new Set((await bed.store.poolEntries.list()).map((each) => each.id))
    bed.clock.advance(50_000)
    await settle()
    await settle()
    const now = await bed.store.poolEntries.list()
    expect(now.length).toBe(2)
    expect(now.filter((each) => !first.has(each.id)).length).toBe(1)
    bed.clock.advance(15_000)
    const machine = await bed.engine.launch({ template: 'base', boot: 'warm' })
    expect(first.has(machine.id)).toBe(false)
  })

  it('goes on by itself after failures, whatever its interval, and shows the last one', async () => {
    for (let n = 0; n < 3; n++) bed.host.faults.fail('restore')
    await bed.engine.pools.set('base', { settings: { min: 1, max: 1, refillIntervalMs: 3_600_000 } })
    await settle()
    expect(await status()).toMatchObject({
      depth: 0,
      reason: 'restore was made to fail',
      lastFailure: { stage: 'make', reason: 'restore was made to fail' },
      counters: { createFailed: 1 },
    })
    for (let n = 0; n < 5; n++) {
      bed.clock.advance(3_000)
      await settle()
    }
    expect(await status()).toMatchObject({ depth: 1, counters: { createFailed: 3, created: 1 } })
    expect(await status()).not.toHaveProperty('reason')
  })

  it('does not look all the time for room that a machine soon too old takes, while none can be made', async () => {
    const interval = { refillIntervalMs: 3_600_000, entryMaxAgeMs: 60_000 }
    await bed.engine.pools.set('base', { settings: { min: 2, max: 2, ...interval } })
    await bed.patiently(bed.engine.pools.warm('base'))
    bed.host.faults.fail('restore')
    const [entry] = await bed.store.poolEntries.list()
    if (entry) bed.host.crash(entry.id)
    await waitUntil('a failure', async () => (await status()).counters.createFailed === 1)
    await bed.engine.pools.set('base', { settings: { min: 1, max: 1 } })
    bed.clock.advance(50_000)
    await bed.engine.pools.set('base', { settings: { min: 1, max: 1, concurrency: 1 } })
    await settle()
    const { counters } = await status()
    for (let ms = 0; ms < 500; ms += 5) {
      bed.clock.advance(5)
      await settle()
    }
    expect((await status()).counters.refillRuns - counters.refillRuns).toBeLessThan(3)
    bed.clock.advance(20_000)
    await waitUntil('a new one', async () => (await status()).counters.created === 3)
  })

  it('gives up a machine that ended while it waited', async () => {
    await bed.engine.pools.set('base', { settings: { min: 1, max: 1 } })
    await bed.patiently(bed.engine.pools.warm('base'))
    const [entry] = await bed.store.poolEntries.list()
    if (entry) bed.host.crash(entry.id)
    await settle()
    expect(await status()).toMatchObject({ depth: 1, lastFailure: { stage: 'wait', machine: entry?.id } })
    expect(await bed.store.poolEntries.get(entry?.id as never)).toBeUndefined()
  })

  it('ends in its budget although its driver does nothing any more', async () => {
    await bed.engine.pools.set('base', { settings: { min: 2, max: 2, concurrency: 2, refillIntervalMs: 3_600_000 } })
    await bed.patiently(bed.engine.pools.warm('base'))
    const stuck = [bed.host.faults.hold('destroy'), bed.host.faults.hold('destroy')]
    const closing = bed.engine.close()
    await Promise.all(stuck.map((each) => each.reached))
    bed.clock.advance(5_000)
    await closing
    for (const { release } of stuck) release()
    await bed.restart()
    await settle()
    expect((await bed.driver.list()).length).toBe((await status()).depth)
  })

  it('that does not end lets the leases of the others not run out', async () => {
    await bed.template({ name: 'other' })
    await bed.restart({ poolTendIntervalMs: 5_000 })
    for (const name of ['base', 'other']) {
      await bed.engine.pools.set(name, { settings: { min: 1, max: 1 } })
      await bed.patiently(bed.engine.pools.warm(name))
    }
    const stuck = bed.host.faults.hold('destroy')
    const { pool } = await status()
    await bed.store.pools.update(pool.name, pool.rev, { state: 'draining' })
    bed.clock.advance(5_000)
    await stuck.reached
    for (let n = 0; n < 4; n++) {
      bed.clock.advance(5_000)
      await waitUntil('the lease to be renewed', () => bed.store.leases.holder('pool other', bed.clock.now() + 14_000))
    }
    stuck.release()
  })

  it('ends in its budget although it was being drained, and keeps no other pool waiting', async () => {
    await bed.template({ name: 'other' })
    await bed.engine.pools.set('base', { settings: { min: 1, max: 1 } })
    await bed.patiently(bed.engine.pools.warm('base'))
    const stuck = bed.host.faults.hold('destroy')
    const draining = bed.engine.pools.drain('base')
    await stuck.reached
    await bed.engine.pools.set('other', { settings: { min: 1, max: 1 } })
    await bed.patiently(bed.engine.pools.warm('other'))
    expect((await bed.engine.pools.get('other')).depth).toBe(1)
    await bed.engine.close()
    stuck.release()
    await draining
  })

  it('makes nothing more once the server is ending', async () => {
    await bed.engine.pools.set('base', { settings: { min: 1, max: 1, refillIntervalMs: 100 } })
    await bed.patiently(bed.engine.pools.warm('base'))
    await bed.engine.close()
    bed.clock.advance(3_600_000)
    expect(await bed.driver.list()).toEqual([])
    expect(bed.clock.sleeping).toBe(0)
  })
})

describe('a version that has taken over', () => {
  beforeEach(async () => {
    await bed.engine.pools.set('base', { settings: { min: 2, max: 2, concurrency: 1 } })
    await bed.patiently(bed.engine.pools.warm('base'))
    await bed.template({ env: { NEW: 'yes' } })
    await bed.engine.pools.rollOut('base', { version: 2, probationMs: 60_000 })
    await waitUntil('it to take over', async () => (await status()).pool.rollout?.state === 'probation')
  })

  it('is taken back when its machines keep failing on probation', async () => {
    for (let n = 0; n < 3; n++) bed.host.faults.fail('resume')
    const machine = await bed.patiently(bed.engine.launch({ template: 'base' }))
    expect(machine.boot?.method).toBe('restored')
    for (let n = 0; n < 3; n++) bed.host.faults.fail('restore')
    for (let n = 0; n < 6 && (await status()).pool.rollout?.state === 'probation'; n++) {
      bed.clock.advance(3_000)
      await settle()
    }
    expect((await status()).pool).toMatchObject({
      version: 1,
      rollout: { state: 'rolled_back', version: 2, from: 1, reason: expect.stringContaining('kept failing on probation') },
    })
    bed.host.faults.clear()
    bed.clock.advance(10_000)
    await settle()
    expect((await status()).versions.find((each) => each.ready > 0)).toMatchObject({ version: 1 })
  })

  it('has stood the test when its probation is over', async () => {
    bed.clock.advance(60_000)
    await waitUntil('the end of its probation', async () => (await status()).pool.rollout?.state === 'done')
    expect((await status()).pool.version).toBe(2)
    await expect(bed.engine.pools.abortRollout('base')).rejects.toMatchObject({ code: 'state_conflict' })
  })

  it('can be taken back by hand, and nothing of it is left', async () => {
    const back = await bed.engine.pools.abortRollout('base')
    expect(back.pool).toMatchObject({ version: 1, rollout: { state: 'aborted' } })
    await settle()
    expect((await bed.store.poolEntries.list()).map((each) => each.template)).not.toContain('base@2')
  })

  it('does not outlive its server half tried', async () => {
    await bed.engine.pools.abortRollout('base')
    await settle()
    const [first, second] = [bed.host.faults.hold('pause'), bed.host.faults.hold('pause')]
    await bed.engine.pools.rollOut('base', { version: 2, canaries: 2, probationMs: 0 })
    await first.reached
    first.release()
    await second.reached
    expect((await status()).pool.rollout).toMatchObject({ validated: 1 })
    await bed.restart()
    await waitUntil('it to take over', async () => (await status()).pool.rollout?.state === 'done')
    const rows = await bed.store.poolEntries.list()
    expect((await bed.driver.list()).map((each) => each.id).sort()).toEqual(rows.map((each) => each.id).sort())
  })
})

it('keeps a template’s snapshot that is pinned when a younger one has taken its place', async () => {
  await bed.engine.pools.set('base', { settings: { min: 1, max: 1, snapshotMaxAgeMs: 60_000, entryMaxAgeMs: 60_000 } })
  await bed.patiently(bed.engine.pools.warm('base'))
  const all = () => bed.store.snapshots.byTemplate('base@1' as never, 'template')
  const [old] = await all()
  await bed.engine.snapshots.change(old?.id ?? '', { pinned: true })
  for (let n = 0; n < 60; n++) {
    bed.clock.advance(5_000)
    await settle()
  }
  const ids = (await all()).map((each) => each.id)
  expect(ids).toContain(old?.id)
  expect(ids.length).toBeLessThanOrEqual(3)
  expect(ids.length).toBeGreaterThan(1)
})

describe('autoscale', () => {
  const launches = async (count: number, everyMs: number) => {
    for (let n = 0; n < count; n++) {
      const { id } = await bed.patiently(bed.engine.launch({ template: 'base' }))
      await bed.engine.machines.destroy(id)
      bed.clock.advance(everyMs)
      await settle()
    }
  }

  it('is off unless asked for, and says what it would do', async () => {
    await bed.engine.pools.set('base', { settings: { min: 1, max: 4 } })
    await launches(20, 500)
    const plan = await bed.engine.pools.planScale('base', { targetHitRate: 0.95, smallest: 1, largest: 10 })
    expect(plan).toMatchObject({ bounds: { targetHitRate: 0.95, largest: 10 }, now: { min: 1, max: 4, launches: 20 } })
    expect(plan.recommended.min).toBeGreaterThanOrEqual(1)
    expect(plan.recommended.hitRate).toBeGreaterThanOrEqual(plan.now.hitRate)
    expect((await status()).scale).toEqual({ min: 1, max: 4 })
    await expect(bed.engine.pools.planScale('base', { largest: 99 })).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('follows the launches up and down within its bounds', async () => {
    const autoscale = { targetHitRate: 0.99, smallest: 1, largest: 6 }
    await bed.engine.pools.set('base', { settings: { min: 1, max: 2, autoscale } })
    for (let n = 0; n < 5; n++) await bed.patiently(Promise.all([1, 2, 3, 4].map(() => bed.engine.launch({ template: 'base' }))))
    bed.clock.advance(5_000)
    await settle()
    expect((await status()).scale.max).toBe(6)
    bed.clock.advance(700_000)
    await settle()
    expect((await status()).scale).toEqual({ min: 1, max: 1 })
    await bed.engine.pools.set('base', { settings: { autoscale: null } })
    expect((await status()).scale).toEqual({ min: 1, max: 2 })
  })
})
