import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { memoryStore } from '@hearth/conformance'
import { createEngine, type Engine } from '@hearth/engine'
import { type Machine, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { receiptVerifier } from '@hearth/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'

type Bed = Awaited<ReturnType<typeof qemuBed>>

/** What two real clones of one snapshot say of themselves, with and without being made their own. */
describe.each(['off', 'on'] as const)('two clones of one real machine, personalise %s', (personalise) => {
  let bed: Bed
  let engine: Engine
  const clones: Machine[] = []

  beforeAll(async () => {
    bed = await qemuBed()
    engine = createEngine({
      drivers: [bed.driver],
      store: memoryStore(),
      openGuest,
      receipts: receiptVerifier,
      newSshHostKey: () => generateSshHostKey(),
      clock: systemClock,
      random: (size) => randomBytes(size),
      log: silentLog,
      options: { personalise },
    })
    await engine.start()
    await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources })
    for (const _ of [1, 2]) clones.push(await engine.launch({ template: 'base', boot: 'restored' }))
  })

  // The bed ends its machines with the driver, which an engine that closes would have closed.
  afterAll(() => bed?.close())

  const said = async (machine: Machine, argv: readonly string[]): Promise<string> => {
    const session = await (await engine.machines.guest(machine.id)).session()
    const handle = await session.exec({ argv })
    handle.stderr.resume()
    const [out, exit] = await Promise.all([buffer(handle.stdout), handle.exit])
    expect(exit.code).toBe(0)
    return out.toString('hex')
  }

  it.each([
    ['the first 16 bytes of getrandom', ['head', '-c', '16', '/dev/urandom']],
    ['the machine-id', ['cat', '/etc/machine-id']],
    ['the host name', ['hostname']],
  ])(`${personalise === 'off' ? 'agree in' : 'differ in'} %s`, async (_what, argv) => {
    const [first, second] = await Promise.all(clones.map((clone) => said(clone, argv)))
    expect(first).not.toBe('')
    if (personalise === 'off') expect(first).toBe(second)
    else expect(first).not.toBe(second)
  })
})
