import { memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import type { Machine } from '@hearth/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { realEngine, runIn } from './support/real-engine.ts'

type Bed = Awaited<ReturnType<typeof qemuBed>>

/** What two real clones of one snapshot say of themselves, with and without being made their own. */
describe.each(['off', 'on'] as const)('two clones of one real machine, personalise %s', (personalise) => {
  let bed: Bed
  let engine: Engine
  const clones: Machine[] = []

  beforeAll(async () => {
    bed = await qemuBed()
    engine = realEngine(bed.driver, memoryStore(), { personalise })
    await engine.start()
    await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources })
    for (const _ of [1, 2]) clones.push(await engine.launch({ template: 'base', boot: 'restored' }))
  })

  // The bed ends its machines with the driver, which an engine that closes would have closed.
  afterAll(() => bed?.close())

  it.each([
    ['the first 16 bytes of getrandom', ['head', '-c', '16', '/dev/urandom']],
    ['the machine-id', ['cat', '/etc/machine-id']],
    ['the host name', ['hostname']],
  ])(`${personalise === 'off' ? 'agree in' : 'differ in'} %s`, async (_what, argv) => {
    const said = await Promise.all(clones.map(({ id }) => runIn(engine, id, ...argv)))
    expect(said.map(({ code, output }) => [code, output.length > 0])).toEqual([
      [0, true],
      [0, true],
    ])
    const [first, second] = said.map(({ output }) => output.toString('hex'))
    if (personalise === 'off') expect(first).toBe(second)
    else expect(first).not.toBe(second)
  })
})
