import { memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { realEngine, runIn } from './support/real-engine.ts'

/** Pools of real machines. */
describe('a pool of real machines', () => {
  const store = memoryStore()
  let bed: Awaited<ReturnType<typeof qemuBed>>
  let engine: Engine

  beforeAll(async () => {
    bed = await qemuBed()
    engine = realEngine(bed.driver, store)
    await engine.start()
    await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources })
    await engine.pools.set('base', { settings: { min: 2, max: 2 } })
  })
  afterEach(async () => {
    for (const { id } of await engine.machines.list()) await engine.machines.destroy(id)
  })
  afterAll(async () => {
    await engine?.pools.remove('base')
    await bed?.close()
  })

  it('hands out machines that are ready, each its own, with all that was asked for', async () => {
    await engine.pools.warm('base')
    const machines = []
    for (const name of ['one', 'two']) {
      machines.push(
        await engine.launch({
          template: 'base',
          boot: 'warm',
          name,
          env: { COLOUR: name },
          secrets: { KEY: `secret of ${name}` },
          files: [{ path: '/etc/hello', content: Buffer.from(`hello ${name}`), mode: 0o600 }],
        }),
      )
    }
    for (const machine of machines) {
      const script = 'hostname; cat /etc/machine-id; echo "$COLOUR"; echo "$KEY"; cat /etc/hello; echo; date +%s'
      const { output } = await runIn(engine, machine.id, 'sh', '-c', script)
      const [hostname, machineId, colour, key, hello, seconds] = output.toString().split('\n')
      const { name } = machine
      expect([hostname, machineId, colour, key, hello]).toEqual([
        name,
        machine.machineUuid,
        name,
        `secret of ${name}`,
        `hello ${name}`,
      ])
      expect(Math.abs(Number(seconds) * 1000 - Date.now())).toBeLessThan(3000)
      expect(machine.boot).toMatchObject({ method: 'warm', reasons: [] })
    }
    const random = await Promise.all(machines.map(({ id }) => runIn(engine, id, 'head', '-c', '16', '/dev/urandom')))
    expect(random[0]?.output.equals(random[1]?.output as Buffer)).toBe(false)
  })

  it('notices when the process of an entry is killed, and is full again', async () => {
    await engine.pools.warm('base')
    const [entry] = await store.poolEntries.of('h-0000000000000000')
    if (!entry) throw new Error('the pool is empty')
    await bed.crash(entry.id)
    await waitUntil('the entry to be forgotten', async () => !(await store.poolEntries.get(entry.id)))
    expect(await bed.traces(entry.id)).toEqual([])
    await engine.pools.warm('base')
    expect(await engine.pools.get('base')).toMatchObject({ depth: 2 })
  })
})
