import { memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import { driverError, type MachineDriver, type MachineId } from '@hearth/model'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { realEngine, runIn } from './support/real-engine.ts'

/** What goes wrong with pools of real machines. */
describe('a pool of real machines', () => {
  const store = memoryStore()
  let bed: Awaited<ReturnType<typeof qemuBed>>
  let engine: Engine
  /** Why no machine can be restored. */
  let illness: string | undefined

  beforeAll(async () => {
    bed = await qemuBed()
    engine = realEngine(
      ailing(bed.driver, () => illness),
      store,
      { poolTendIntervalMs: 500 },
    )
    await engine.start()
    await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources, egress: 'open' })
    await engine.pools.set('base', { settings: { min: 2, max: 2, refillIntervalMs: 200 } })
  })
  afterEach(async () => {
    for (const { id } of await engine.machines.list()) await engine.machines.destroy(id)
  })
  afterAll(async () => {
    await engine?.pools.remove('base')
    await bed?.close()
  })

  const entries = () => store.poolEntries.of('h-0000000000000000')
  const warm = () => engine.launch({ template: 'base', boot: 'warm' })
  const pidOf = async (id: MachineId) => (await bed.driver.stats(id)).pid ?? 0
  const carrier = async (id: string) => (await runIn(engine, id, 'cat', '/sys/class/net/eth0/carrier')).output.toString().trim()

  it('loses no more than 250 ms to an entry whose process stands still', async () => {
    await engine.pools.warm('base')
    const [frozen] = await entries()
    if (!frozen) throw new Error('the pool is empty')
    process.kill(await pidOf(frozen.id), 'SIGSTOP')
    const startedAt = performance.now()
    const machine = await warm()
    expect(performance.now() - startedAt).toBeLessThan(600)
    expect(machine.id).not.toBe(frozen.id)
    expect(machine.boot?.reasons).toMatchObject([{ code: 'entry_unhealthy', detail: expect.stringContaining('250 ms') }])
    await waitUntil('the frozen one to go', async () => (await bed.traces(frozen.id)).length === 0)
    expect((await engine.pools.get('base')).lastFailure).toMatchObject({ stage: 'claim', machine: frozen.id })
  })

  it('gives machines a link on the host when they are to have one, and not before', async () => {
    await engine.pools.warm('base')
    const none = await engine.launch({ template: 'base', boot: 'warm', egress: 'none' })
    const open = await warm()
    expect(open.receipt?.assign.find((item) => item.name === 'link')?.evidence).toBe('up')
    await waitUntil('the carrier', async () => (await carrier(open.id)) === '1')
    // Root in the guest may set its interface up as it likes: the cable is out.
    await runIn(engine, none.id, 'ip', 'link', 'set', 'eth0', 'up')
    expect(await carrier(none.id)).toBe('0')
  })

  it('fills itself again after its driver has failed for a while', async () => {
    await engine.pools.warm('base')
    illness = 'the disk is full'
    await warm()
    await waitUntil('the failure to be told', async () => (await engine.pools.get('base')).reason === illness)
    illness = undefined
    await waitUntil('the pool to be full', async () => (await engine.pools.get('base')).depth === 2)
    expect(await engine.pools.get('base')).not.toHaveProperty('reason')
  })

  it('goes on serving from a damaged snapshot, and makes no more of it', async () => {
    await engine.pools.warm('base')
    const [entry] = await entries()
    if (!entry) throw new Error('the pool is empty')
    const snapshot = await store.snapshots.get(entry.snapshot)
    if (snapshot?.manifest) await bed.flipByte(snapshot.manifest)
    expect((await warm()).boot?.method).toBe('warm')
    await waitUntil('its quarantine', async () => (await store.snapshots.get(entry.snapshot))?.state === 'quarantined')
    await waitUntil('the pool to be filled from another', async () =>
      (await entries()).some((each) => each.snapshot !== entry.snapshot && each.state === 'ready'),
    )
  }, 90_000)
})

/** The same driver, which restores nothing while `illness` says why. */
function ailing(driver: MachineDriver, illness: () => string | undefined): MachineDriver {
  return new Proxy(driver, {
    get(target, key) {
      const why = key === 'restore' ? illness : () => undefined
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]) =>
        why() ? Promise.reject(driverError('Unavailable', why() ?? '')) : Reflect.apply(value, target, args)
    },
  })
}
