import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

async function withMachine(secrets: Record<string, string> = {}) {
  const bed = await new EngineBed().start()
  await bed.template({ env: { FROM: 'template' } })
  const machine = await bed.engine.launch({ template: 'base', name: 'web', env: { MINE: '1' }, secrets })
  return { bed, machine, engine: bed.engine }
}

describe('a machine', () => {
  it('stands still and goes on, with the right time and fresh entropy', async () => {
    const { engine, machine, bed } = await withMachine({ KEY: 'hush' })
    expect(await engine.machines.pause('web')).toMatchObject({ state: 'paused' })
    expect(await engine.machines.pause('web')).toMatchObject({ state: 'paused' })
    await expect(engine.machines.guest('web')).rejects.toMatchObject({
      code: 'machine_not_running',
      hint: expect.stringContaining('resume'),
    })
    const seed = bed.guests.at(-1)?.state.entropySeed.toString('hex')
    const resumed = await engine.machines.resume('web')
    expect(resumed.state).toBe('running')
    expect(await engine.machines.resume('web')).toEqual(resumed)
    expect(bed.guests.at(-1)?.state.entropySeed.toString('hex')).not.toBe(seed)
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ FROM: 'template', MINE: '1', KEY: 'hush' })
  })

  it('stands still again when its guest refuses to be resumed', async () => {
    const { engine, bed } = await withMachine()
    await engine.machines.pause('web')
    const guest = bed.guests.at(-1)
    if (guest) guest.lie = () => []
    await expect(engine.machines.resume('web')).rejects.toMatchObject({ code: 'personalise_failed' })
    expect(await engine.machines.get('web')).toMatchObject({ state: 'paused' })
    expect(await bed.driver.list()).toMatchObject([{ state: 'paused' }])
    if (guest) guest.lie = undefined
    expect(await engine.machines.resume('web')).toMatchObject({ state: 'running' })
  })

  it('is ended once, however often that is asked', async () => {
    const { engine, machine, bed } = await withMachine({ KEY: 'hush' })
    await Promise.all([engine.machines.destroy('web'), engine.machines.destroy(machine.id)])
    await engine.machines.destroy(machine.id)
    expect(await engine.machines.get(machine.id)).toMatchObject({ state: 'stopped', endedAt: expect.any(Number) })
    await expect(engine.machines.get('web')).rejects.toMatchObject({ code: 'machine_not_found' })
    expect(bed.onHost().machines).toEqual([])
    expect(await bed.store.machines.getSecrets(machine.id)).toBeUndefined()
    expect(await engine.machines.list()).toEqual([])
  })

  it('says failed when it could not be ended, and can be ended again', async () => {
    const { engine, machine, bed } = await withMachine()
    bed.host.faults.fail('destroy', new Error('stuck'))
    await expect(engine.machines.destroy('web')).rejects.toThrow('stuck')
    expect(await engine.machines.get(machine.id)).toMatchObject({ state: 'failed', failure: 'it could not be ended: stuck' })
    await engine.launch({ template: 'base', name: 'web' })
    await engine.machines.destroy(machine.id)
    expect(await engine.machines.get(machine.id)).toMatchObject({ state: 'stopped' })
    expect(bed.host.machines.size).toBe(1)
  })

  it.each([
    ['stopped', 'shutdown', 'power off'],
    ['lost', 'crashed', 'it was killed'],
  ] as const)('is %s when it ends by itself (%s)', async (state, reason, detail) => {
    const { engine, machine, bed } = await withMachine()
    const ended = new Promise<void>((resolve) => {
      engine.events.subscribe(({ row }) => {
        if (row.state === state) resolve()
      })
    })
    bed.host.ended(machine.id, reason, detail)
    await ended
    await engine.close()
    expect(await engine.machines.get(machine.id)).toMatchObject({ state, failure: detail })
    expect(bed.onHost().machines).toEqual([])
  })

  it('shows its receipt, its use of the host and its console', async () => {
    const { engine } = await withMachine()
    expect((await engine.machines.receipt('web')).assign.length).toBeGreaterThan(0)
    expect((await engine.machines.stats('web')).residentBytes).toBeGreaterThan(0)
    expect(Buffer.from(await engine.machines.consoleLog('web', 3)).toString()).toBe('ng\n')
    await expect(engine.machines.consoleLog('web', 0)).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('has one connection, whoever asks for it', async () => {
    const { engine, machine } = await withMachine()
    const [first, second] = await Promise.all([engine.machines.guest('web'), engine.machines.guest(machine.id)])
    expect(first).toBe(second)
  })

  it('has an address and a MAC that no other live machine has', async () => {
    const { engine, machine } = await withMachine()
    const others = await Promise.all(Array.from({ length: 20 }, () => engine.launch({ template: 'base' })))
    const all = [machine, ...others]
    expect(new Set(all.map((each) => each.network.address)).size).toBe(21)
    expect(new Set(all.map((each) => each.network.mac)).size).toBe(21)
    for (const { network } of all) {
      expect(network.address).toMatch(/^10\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d{1,3}\.15\/24$/)
      expect(Number.parseInt(network.mac.slice(0, 2), 16) & 3).toBe(2)
    }
  })

  it('that is named wrongly is refused, or not found', async () => {
    const { engine } = await withMachine()
    await expect(engine.machines.get('../etc')).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(engine.machines.get('other')).rejects.toMatchObject({ code: 'machine_not_found' })
    await expect(engine.machines.get('m-aaaaaaaaaaaaaaaa')).rejects.toMatchObject({ code: 'machine_not_found' })
  })

  it('tells of each change of state, in order', async () => {
    const { engine, machine } = await withMachine()
    const states: string[] = []
    const stop = engine.events.subscribe(({ kind, row }) => {
      if (kind === 'machine' && row.id === machine.id) states.push(row.state)
    })
    await engine.machines.pause('web')
    await engine.machines.resume('web')
    await engine.machines.destroy('web')
    stop()
    expect(states).toEqual(['paused', 'running', 'stopping', 'stopped'])
  })
})
