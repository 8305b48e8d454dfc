import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { EngineBed } from './support/engine-bed.ts'

describe('a pool', () => {
  let bed: EngineBed
  beforeEach(async () => {
    bed = await new EngineBed().start()
    await bed.template()
  })
  afterEach(() => bed.engine.close())

  const set = (settings = {}) => bed.engine.pools.set('base', { settings: { min: 2, max: 3, concurrency: 3, ...settings } })

  it('is filled up to max, and hands out the machine that was ready', async () => {
    await set()
    const full = await bed.engine.pools.warm('base')
    expect(full).toMatchObject({ depth: 3, making: 0, refill: 'idle', target: 3 })
    const entries = await bed.store.poolEntries.of('h-0000000000000000')
    const machine = await bed.engine.launch({
      template: 'base',
      name: 'web',
      env: { COLOUR: 'red' },
      secrets: { KEY: 'hush' },
      labels: { team: 'a' },
      files: [{ path: '/etc/hello', content: Buffer.from('hello'), mode: 0o600 }],
    })
    expect(machine).toMatchObject({
      name: 'web',
      hostname: 'web',
      state: 'running',
      boot: { method: 'warm', reasons: [], poolHit: true, snapshotId: entries[0]?.snapshot },
    })
    expect(entries.map((each) => each.id)).toContain(machine.id)
    expect(Object.keys(machine.boot?.phasesMs ?? {})).toEqual(['take', 'continue', 'personalise'])
    expect(machine.receipt?.identify.map((each) => each.name)).toContain('machine_id')
    expect(machine.receipt?.assign.map((each) => each.name)).toEqual(expect.arrayContaining(['env', 'secrets', 'files', 'token']))
    expect(await bed.store.poolEntries.get(machine.id)).toBeUndefined()
    expect(JSON.stringify(machine)).not.toContain('hush')
  })

  it('says why nothing was ready, and counts it', async () => {
    await set({ lazy: true })
    const first = await bed.engine.launch({ template: 'base' })
    expect(first.boot).toMatchObject({ method: 'restored', reasons: [{ code: 'pool_not_ready' }] })
    await bed.engine.pools.warm('base')
    for (let n = 0; n < 3; n++) expect((await bed.engine.launch({ template: 'base' })).boot?.method).toBe('warm')
    const { counters } = await bed.engine.pools.get('base')
    expect(counters).toMatchObject({ hits: 3, claimed: 3, misses: { pool_not_ready: 1 } })
  })

  it('is refused when nothing warm is there and nothing else was allowed', async () => {
    await expect(bed.engine.launch({ template: 'base', boot: 'warm' })).rejects.toMatchObject({
      code: 'boot_method_unavailable',
      details: { reasons: [{ code: 'pool_unregistered' }] },
    })
  })

  it('goes with everything in it when it is removed', async () => {
    await set()
    await bed.engine.pools.warm('base')
    await bed.engine.pools.remove('base')
    expect(await bed.engine.pools.list()).toEqual([])
    expect(await bed.store.poolEntries.list()).toEqual([])
    expect(await bed.driver.list()).toEqual([])
  })

  it('is taken over parked after the process died, and an entry that was being made is ended', async () => {
    await set()
    await bed.engine.pools.warm('base')
    const before = (await bed.store.poolEntries.list()).map((each) => each.id).sort()
    await bed.restart()
    const { depth } = await bed.engine.pools.get('base')
    expect(depth).toBe(3)
    expect((await bed.store.poolEntries.list()).map((each) => each.id).sort()).toEqual(before)
    expect((await bed.engine.launch({ template: 'base' })).boot?.method).toBe('warm')
  })

  it('takes over nothing of a template that it is not made of any more', async () => {
    await set()
    await bed.engine.pools.warm('base')
    await bed.template({ name: 'other' })
    const { pool } = await bed.engine.pools.get('base')
    await bed.store.pools.update(pool.name, pool.rev, { template: 'other' as typeof pool.template })
    await bed.restart()
    const machine = await bed.patiently(bed.engine.launch({ template: 'other' }))
    expect(machine.template).toBe('other@1')
  })
})

describe('a roll-out of a new version', () => {
  let bed: EngineBed
  beforeEach(async () => {
    bed = await new EngineBed().start()
    await bed.template()
    await bed.engine.pools.set('base', { template: 'base@1', settings: { min: 2, max: 4, concurrency: 2 } })
    await bed.engine.pools.warm('base')
    await bed.template({ env: { NEW: 'yes' } })
  })
  afterEach(() => bed.engine.close())

  const rollout = async () => (await bed.engine.pools.get('base')).pool.rollout

  it('takes over when its canaries were validated; what fits of the old is handed out until it is gone', async () => {
    await bed.engine.pools.rollOut('base', { version: 2, canaries: 2 })
    await expect(bed.engine.pools.rollOut('base', { version: 2 })).rejects.toMatchObject({ code: 'state_conflict' })
    await waitUntil('it to take over', async () => (await rollout())?.state === 'probation')
    expect(await bed.engine.pools.get('base')).toMatchObject({
      pool: { version: 2, rollout: { validated: 2, failed: 0 } },
      depth: 4,
      versions: [
        { version: 1, ready: 2, hits: 0 },
        { version: 2, ready: 2, hits: 0 },
      ],
    })
    const templates = []
    for (let n = 0; n < 4; n++) templates.push((await bed.engine.launch({ template: 'base', boot: 'warm' })).template)
    expect(templates.sort()).toEqual(['base@1', 'base@1', 'base@2', 'base@2'])
  })

  it('is rolled back when its canaries fail, and changes nothing', async () => {
    bed.host.faults.fail('restore')
    await bed.engine.pools.rollOut('base', { version: 2 })
    await waitUntil('the roll-out to end', async () => (await rollout())?.state === 'rolled_back')
    expect(await bed.engine.pools.get('base')).toMatchObject({
      pool: { version: 1, rollout: { failed: 1, reason: expect.stringContaining('restore was made to fail') } },
      depth: 4,
    })
  })

  it('is not counted for by a canary of another that was ended before', async () => {
    const held = bed.host.faults.hold('pause')
    await bed.engine.pools.rollOut('base', { version: 2 })
    await held.reached
    await bed.template({ env: { NEWER: 'yes' } })
    await bed.engine.pools.abortRollout('base')
    await bed.engine.pools.rollOut('base', { version: 3 })
    held.release()
    await waitUntil('the canary to go', async () => (await bed.driver.list()).length === 4)
    expect((await bed.engine.pools.get('base')).pool).toMatchObject({ version: 1, rollout: { state: 'canary', validated: 0 } })
    bed.clock.advance(5_000)
    await waitUntil('it to take over', async () => (await rollout())?.state === 'probation')
    const { versions } = await bed.engine.pools.get('base')
    expect(versions.map((each) => each.version)).toEqual([1, 3])
  })

  it('can be ended by hand', async () => {
    const held = bed.host.faults.hold('restore')
    await bed.engine.pools.rollOut('base', { version: 2 })
    await held.reached
    expect((await bed.engine.pools.abortRollout('base')).pool.rollout?.state).toBe('aborted')
    held.release()
    await waitUntil('the canary to go', async () => (await bed.driver.list()).length === 4)
    expect(await bed.engine.pools.get('base')).toMatchObject({ pool: { version: 1 }, depth: 4 })
  })

  it('is refused for a version of another size, whose machines could not stand beside those that wait', async () => {
    await bed.template({ resources: { vcpus: 1, memoryMiB: 256, diskMiB: 64 } })
    await expect(bed.engine.pools.rollOut('base', { version: 3 })).rejects.toMatchObject({
      code: 'state_conflict',
      hint: expect.stringContaining('--template base@3'),
    })
  })

  it.each([
    [{ version: 1 }, 'state_conflict'],
    [{ version: 9 }, 'template_not_found'],
    [{ version: 2, canaries: 21 }, 'invalid_input'],
  ])('is refused as %j', async (request, code) => {
    await expect(bed.engine.pools.rollOut('base', request)).rejects.toMatchObject({ code })
  })
})
