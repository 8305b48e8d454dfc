import { randomBytes } from 'node:crypto'
import { memoryStore } from '@hearth/conformance'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { createEngine, type Engine } from '@hearth/engine'
import { type StateStore, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { receiptVerifier } from '@hearth/server'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const settings = { min: 2, max: 2, refillIntervalMs: 100, progressDeadlineMs: 1000 }
const options = { poolLeaseMs: 300, poolTendIntervalMs: 100, reconcileIntervalMs: 0, cleanerIntervalMs: 0, scrubAfterMs: 0 }

describe('hosts that share a store', () => {
  let store: StateStore
  let one: Engine
  const open: Engine[] = []
  const start = async (host: string, driver = new MemoryDriver({ host: new MemoryHost() })) => {
    const engine = createEngine({
      drivers: [driver],
      store,
      host,
      openGuest,
      receipts: receiptVerifier,
      newSshHostKey: () => generateSshHostKey(),
      clock: systemClock,
      random: (size) => randomBytes(size),
      log: silentLog,
      options,
    })
    open.push(engine)
    await engine.start()
    return engine
  }
  beforeEach(async () => {
    store = memoryStore()
    one = await start('h-1')
    await one.templates.build({ name: 'base', source: { kind: 'builtin', name: 'base' } })
  })
  afterEach(async () => {
    for (const engine of open.splice(0)) await engine.close()
  })

  it('launch a template only where its files are, and restore their own snapshots', async () => {
    const two = await start('h-2')
    await expect(two.launch({ template: 'base' })).rejects.toMatchObject({ code: 'wrong_host', details: { host: 'h-1' } })
    expect((await one.launch({ template: 'base' })).host).toBe('h-1')
  })

  it('hold each pool once, and take it over with its template when its holder ends', async () => {
    await one.pools.set('base', { settings })
    const two = await start('h-2')
    expect((await two.pools.get('base')).refill).toBe('elsewhere')
    await one.close()
    await two.pools.takeOver()
    await vi.waitFor(async () => expect((await two.pools.get('base')).depth).toBe(2), { timeout: 5000 })
    const machine = await two.launch({ template: 'base', boot: 'warm' })
    expect([machine.host, machine.boot?.poolHit]).toEqual(['h-2', true])
    const own = (await store.snapshots.list()).filter(({ kind, host }) => kind === 'template' && host === 'h-2')
    expect(own.map(({ state }) => state)).toEqual(['ready'])
    expect((await two.launch({ template: 'base', boot: 'restored' })).boot?.snapshotId).toBe(own[0]?.id)
  })

  it('say of a pool whose template cannot be made there what it is not made of', async () => {
    await one.pools.set('base', { settings })
    const driver = new (class extends MemoryDriver {
      override async sourceDigest(): Promise<string> {
        return 'another source'
      }
    })({ host: new MemoryHost() })
    const two = await start('h-2', driver)
    await one.close()
    await two.pools.takeOver()
    const reason = expect.stringContaining('its source on this host is not what it was made of')
    await vi.waitFor(async () => expect((await two.pools.get('base')).lastFailure).toMatchObject({ reason }), { timeout: 5000 })
    expect((await two.pools.get('base')).depth).toBe(0)
    expect(await driver.listTemplates()).toEqual([])
  })

  it('refuse to remove a template of which machines live on another host', async () => {
    await one.pools.set('base', { settings })
    const two = await start('h-2')
    await one.close()
    await two.pools.takeOver()
    await vi.waitFor(async () => expect((await two.pools.get('base')).depth).toBe(2), { timeout: 5000 })
    const { id } = await two.launch({ template: 'base' })
    const again = await start('h-1')
    await expect(again.templates.remove('base')).rejects.toMatchObject({ code: 'template_in_use', details: { machines: [id] } })
  })
})
