import { memoryStore } from '@hearth/conformance'
import type { Engine, EngineEvent } from '@hearth/engine'
import type { MachineId, SnapshotManifest } from '@hearth/model'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { noPool } from './support/no-pool.ts'
import { realEngine, runIn } from './support/real-engine.ts'

/** What the engine makes of real machines that are killed under its hands. */
describe('an engine whose real machines are killed', () => {
  const store = memoryStore()
  let bed: Awaited<ReturnType<typeof qemuBed>>
  let engine: Engine

  beforeAll(async () => {
    bed = await qemuBed()
    engine = realEngine(bed.driver, store)
    await engine.start()
    await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources })
  })

  afterEach(async () => {
    for (const { id } of await engine.machines.list()) await engine.machines.destroy(id)
  })

  // The bed ends its machines with the driver, which an engine that closes would have closed.
  afterAll(() => bed?.close())

  /** Kills the next machine that comes to stand on the host; resolves to its id. */
  function killNext(): Promise<MachineId> {
    return new Promise((resolve, reject) => {
      const stop = engine.events.subscribe((event: EngineEvent) => {
        if (event.kind !== 'machine' || event.row.state !== 'starting') return
        stop()
        killWhenThere(event.row.id).then(() => resolve(event.row.id), reject)
      })
    })
  }

  async function killWhenThere(id: MachineId): Promise<void> {
    const isThere = async () => (await bed.driver.list()).some((each) => each.id === id && each.state === 'running')
    await waitUntil(`${id} to be on the host`, isThere, { everyMs: 1 })
    await bed.crash(id)
  }

  it('says so when that happens during a boot, at once, and leaves nothing', async () => {
    const killed = killNext()
    await expect(engine.launch({ template: 'base', boot: 'cold' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(driver_unavailable|personalise_failed|guest_unreachable)$/),
    })
    expect(await bed.traces(await killed)).toEqual([])
    expect(await engine.machines.list()).toEqual([])
  })

  it('boots cold when that happens during a restore', async () => {
    const killed = killNext()
    const machine = await engine.launch({ template: 'base' })
    expect(machine.id).toBe(await killed)
    expect(machine.boot).toMatchObject({
      method: 'cold',
      reasons: [noPool, { code: expect.stringMatching(/^(driver_unavailable|personalise_failed)$/) }],
    })
    expect((await runIn(engine, machine.id, 'true')).code).toBe(0)
  })

  it('marks a machine lost that is killed while it is frozen, and keeps nothing of the snapshot', async () => {
    const machine = await engine.launch({ template: 'base' })
    const before = await bed.driver.listSnapshots()
    const freezing = engine.snapshots.create(machine.id)
    const outcome = freezing.then(
      () => 'ready',
      () => 'failed',
    )
    const lost = new Promise<void>((resolve) => {
      engine.events.subscribe(({ row }) => {
        if (row.state === 'lost') resolve()
      })
    })
    await bed.crash(machine.id)
    const ended = await outcome
    await lost
    expect(await bed.traces(machine.id)).toEqual([])
    const [snapshot] = await engine.snapshots.list({ template: 'base' })
    if (ended === 'ready') await engine.snapshots.remove(snapshot?.id ?? '')
    expect(await bed.driver.listSnapshots()).toEqual(before)
  })

  it('takes its machines over when it is the engine that was killed', async () => {
    const machine = await engine.launch({ template: 'base', name: 'survivor', secrets: { KEY: 'hush' } })
    await runIn(engine, machine.id, 'sh', '-c', 'echo kept > /root/mark')
    const driver = await bed.restart?.()
    if (!driver) throw new Error('the bed has no successor')
    engine = realEngine(driver, store)
    expect((await engine.start()).adopted).toEqual([machine.id])
    const { output } = await runIn(engine, 'survivor', 'sh', '-c', 'cat /root/mark; echo $KEY')
    expect(output.toString()).toBe('kept\nhush\n')
  })

  it('boots cold, with the reason, from a template whose snapshot was damaged, and mends it', async () => {
    const [snapshot] = (await engine.snapshots.list()).filter((each) => each.kind === 'template')
    await bed.flipByte(snapshot?.manifest as SnapshotManifest)
    const machine = await engine.launch({ template: 'base' })
    expect(machine.boot).toMatchObject({ method: 'cold', reasons: [noPool, { code: 'snapshot_corrupt' }] })
    await engine.settled()
    expect((await engine.launch({ template: 'base' })).boot?.method).toBe('restored')
  })
})
