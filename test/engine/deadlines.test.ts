import type { Machine } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

const minuteMs = 60_000

async function prepared(options: { onTimeout?: 'destroy' | 'pause'; timeoutMs?: number } = {}) {
  const bed = await new EngineBed().start()
  await bed.template()
  const machine = await bed.engine.launch({ template: 'base', name: 'web', timeoutMs: minuteMs, ...options })
  return { bed, machine }
}

/** Lets time pass, and what it sets off. */
async function pass(bed: EngineBed, ms: number): Promise<void> {
  bed.clock.advance(ms)
  // The timer's own step, and then what it began.
  await new Promise((resolve) => setImmediate(resolve))
  await bed.engine.settled()
}

async function stateOf(bed: EngineBed, machine: Machine): Promise<string> {
  return (await bed.engine.machines.get(machine.id)).state
}

/** State and cause of each event about the machine. */
async function eventsOf(bed: EngineBed, machine: Machine) {
  const events = await bed.store.events.after(0, { limit: 1000 })
  return events.filter(({ id }) => id === machine.id).map(({ state, data }) => [state, data.cause])
}

describe('a machine with a deadline', () => {
  it('is ended when its time is over, and its events say why', async () => {
    const { bed, machine } = await prepared()
    expect(machine.deadlineAt).toBe(bed.clock.now() + minuteMs)
    await pass(bed, minuteMs - 1)
    expect(await stateOf(bed, machine)).toBe('running')
    await pass(bed, 1)
    expect(await stateOf(bed, machine)).toBe('stopped')
    expect(bed.onHost().machines).toEqual([])
    expect(await eventsOf(bed, machine)).toEqual([
      ['starting', undefined],
      ['running', undefined],
      ['stopping', 'timeout'],
      ['stopped', 'timeout'],
    ])
  })

  it('is paused when it was launched to be, stays so, and gets as much again when it is resumed', async () => {
    const { bed, machine } = await prepared({ onTimeout: 'pause' })
    await pass(bed, minuteMs)
    expect(await bed.engine.machines.get('web')).toMatchObject({ state: 'paused' })
    expect(await bed.engine.machines.get('web')).not.toHaveProperty('deadlineAt')
    await pass(bed, 10 * minuteMs)
    expect(await eventsOf(bed, machine)).toEqual([
      ['starting', undefined],
      ['running', undefined],
      ['paused', 'timeout'],
    ])
    const resumed = await bed.engine.machines.resume('web')
    expect(resumed.deadlineAt).toBe(bed.clock.now() + minuteMs)
    await pass(bed, minuteMs)
    expect(await stateOf(bed, machine)).toBe('paused')
  })

  it('cannot be launched to be paused where machines cannot be', async () => {
    const { bed } = await prepared()
    Object.assign(bed.driver.capabilities, { pause: false })
    const launching = bed.engine.launch({ template: 'base', timeoutMs: minuteMs, onTimeout: 'pause' })
    await expect(launching).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('onTimeout') })
  })

  it('can be given more time, or less, also while it is paused', async () => {
    const { bed, machine } = await prepared()
    await pass(bed, minuteMs - 1)
    await bed.engine.machines.extend('web', 5 * minuteMs)
    await bed.engine.machines.pause('web')
    await pass(bed, 4 * minuteMs)
    expect(await stateOf(bed, machine)).toBe('paused')
    await bed.engine.machines.extend('web', 2000)
    await pass(bed, 2000)
    expect(await stateOf(bed, machine)).toBe('stopped')
  })

  it('that was given more time in the last moment goes on', async () => {
    const { bed, machine } = await prepared()
    // The row is moved behind the back of the one who keeps the deadlines, as another server does it.
    const row = await bed.engine.machines.get('web')
    await bed.store.machines.update(row.id, row.rev, { deadlineAt: bed.clock.now() + 10 * minuteMs })
    await pass(bed, minuteMs)
    expect(await stateOf(bed, machine)).toBe('running')
    await pass(bed, 9 * minuteMs)
    expect(await stateOf(bed, machine)).toBe('stopped')
  })

  it.each(['destroy', 'pause'] as const)('is not forgotten by a server that died: %s', async (onTimeout) => {
    const { bed, machine } = await prepared({ onTimeout })
    bed.fuse.blow()
    bed.clock.advance(10 * minuteMs)
    await bed.restart()
    await pass(bed, 0)
    expect(await stateOf(bed, machine)).toBe(onTimeout === 'destroy' ? 'stopped' : 'paused')
  })

  it('that is still to come fires after a restart', async () => {
    const { bed, machine } = await prepared()
    await bed.restart()
    await pass(bed, minuteMs - 1)
    expect(await stateOf(bed, machine)).toBe('running')
    await pass(bed, 1)
    expect(await stateOf(bed, machine)).toBe('stopped')
  })

  it('is asked again when its pause fails', async () => {
    const { bed, machine } = await prepared({ onTimeout: 'pause' })
    bed.host.faults.fail('pause')
    await pass(bed, minuteMs)
    expect(await stateOf(bed, machine)).toBe('running')
    await pass(bed, minuteMs / 2)
    expect(await stateOf(bed, machine)).toBe('paused')
  })

  it('that ends by itself before leaves no timer behind', async () => {
    const { bed, machine } = await prepared()
    bed.host.crash(machine.id)
    await bed.engine.settled()
    expect(await stateOf(bed, machine)).toBe('lost')
    await pass(bed, minuteMs)
    expect(await stateOf(bed, machine)).toBe('lost')
    await bed.engine.close()
    expect(bed.clock.sleeping).toBe(0)
  })
})
