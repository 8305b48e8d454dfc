import { afterEach, beforeEach, describe, expect, it } from 'vitest'
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
})
