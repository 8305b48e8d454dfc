import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'
import { noPool } from './support/no-pool.ts'

async function twoClones(personalise: 'on' | 'off') {
  const bed = await new EngineBed({ personalise }).start()
  await bed.template()
  const first = await bed.engine.launch({ template: 'base' })
  const second = await bed.engine.launch({ template: 'base' })
  const said = async (machine: typeof first) => ({
    random: await bed.run(machine, 'random'),
    identity: await bed.run(machine, 'identity'),
  })
  return { bed, first, second, heard: [await said(first), await said(second)] as const }
}

describe('two clones of one snapshot', () => {
  it('agree in randomness, machine-id and host name when nobody makes them their own', async () => {
    const { heard, first, bed } = await twoClones('off')
    expect(heard[0]).toEqual(heard[1])
    expect(first.receipt).toBeUndefined()
    await expect(bed.engine.machines.receipt(first.id)).rejects.toMatchObject({ code: 'state_conflict' })
  })

  it('differ in all of them when they are personalised', async () => {
    const { heard, first, second } = await twoClones('on')
    expect(heard[0].random).not.toBe(heard[1].random)
    expect(heard[0].identity).not.toBe(heard[1].identity)
    expect(first.network).not.toEqual(second.network)
  })
})

describe('a guest that does not prove what it was told', () => {
  it.each([
    ['leaves an item out', 'generation'],
    ['repeats an old answer', 'machine_id'],
  ])('is not handed over when it %s', async (what, name) => {
    const bed = await new EngineBed().start()
    await bed.template()
    const before = bed.guests.length
    bed.onGuest = (guest) => {
      if (bed.guests.length > before + 1) return
      guest.lie = (items) =>
        what === 'leaves an item out'
          ? items.filter((item) => item.name !== name)
          : items.map((item) => (item.name === name ? { ...item, evidence: '0'.repeat(32) } : item))
    }
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine.boot).toMatchObject({
      method: 'cold',
      reasons: [noPool, { code: 'personalise_failed', detail: expect.stringContaining(name) }],
    })
    expect(bed.onHost().machines).toEqual([machine.id])
  })

  it('fails the launch when it lies in every way of booting', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    bed.onGuest = (guest) => {
      guest.lie = () => []
    }
    await expect(bed.engine.launch({ template: 'base' })).rejects.toMatchObject({ code: 'personalise_failed' })
    expect(bed.onHost().machines).toEqual([])
  })

  it('that says nothing at all is given up at the deadline', async () => {
    const bed = await new EngineBed({ restoreDeadlineMs: 500 }).start()
    await bed.template()
    const before = bed.guests.length
    bed.onGuest = (guest) => {
      guest.silent = bed.guests.length === before + 1
    }
    const machine = await bed.patiently(bed.engine.launch({ template: 'base' }))
    expect(machine.boot).toMatchObject({ method: 'cold', reasons: [noPool, { code: 'driver_unavailable' }] })
    expect(bed.onHost().machines).toEqual([machine.id])
  })
})
