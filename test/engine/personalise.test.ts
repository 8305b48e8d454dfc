import { type MachineId, type ReceiptItemName, receiptItems } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { EngineBed } from './support/engine-bed.ts'
import type { TestGuest } from './support/test-guest.ts'

/** Every item of either part, once. */
const names = [...new Set<ReceiptItemName>([...receiptItems.identify, ...receiptItems.assign])]
/** An image without an SSH server has no host keys. */
const mayLack: readonly string[] = ['ssh_host_keys']

type Flaw = 'missing' | 'failed' | 'not applicable'
const flaws = names.flatMap((name) =>
  (['missing', 'failed', 'not applicable'] as const)
    .filter((flaw) => flaw !== 'not applicable' || !mayLack.includes(name))
    .map((flaw) => [name, flaw] as const),
)

function flawed(guest: TestGuest, name: string, flaw: Flaw): void {
  guest.lie = (items) => {
    if (flaw === 'missing') return items.filter((item) => item.name !== name)
    return items.map((item) => (item.name === name ? { ...item, status: flaw === 'failed' ? 2 : 1 } : item))
  }
}

interface Entry {
  readonly id: MachineId
  readonly guest: TestGuest
}

/** A pool of two that is full. */
async function bedWithPool(): Promise<{ bed: EngineBed; entries: Entry[] }> {
  const bed = await new EngineBed().start()
  await bed.template()
  await bed.engine.pools.set('base', { settings: { min: 2, max: 2, concurrency: 2 } })
  await bed.engine.pools.warm('base')
  const entries = [...bed.host.machines].map(([id, { guest }]) => ({ id, guest: guest as TestGuest }))
  expect(entries).toHaveLength(2)
  return { bed, entries }
}

async function othersGone(bed: EngineBed, entries: readonly Entry[], kept: MachineId): Promise<void> {
  expect(entries.map(({ id }) => id)).toContain(kept)
  const others = entries.filter(({ id }) => id !== kept)
  await waitUntil('the others to be gone', () => others.every(({ id }) => !bed.host.machines.has(id)))
}

describe('a receipt in which an item is not proven', () => {
  it.each(flaws)('%s is %s: the clone is destroyed', async (name, flaw) => {
    const bed = await new EngineBed().start()
    await bed.template()
    bed.onGuest = (guest) => flawed(guest, name, flaw)
    const refusal = { code: 'personalise_failed', message: expect.stringContaining(`${name}: `) }
    await expect(bed.engine.launch({ template: 'base', boot: 'restored' })).rejects.toMatchObject(refusal)
    expect(bed.onHost().machines).toEqual([])
  })

  it.each(receiptItems.assign)('%s is missing at a claim: the entry is destroyed, and the next one serves', async (name) => {
    const { bed, entries } = await bedWithPool()
    for (const { guest } of entries) {
      guest.lie = (items) => {
        // One lie is enough.
        for (const each of entries) each.guest.lie = undefined
        return items.filter((item) => item.name !== name)
      }
    }
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine.boot).toMatchObject({
      method: 'warm',
      reasons: [{ code: 'personalise_failed', detail: expect.stringContaining(`${name}: is missing`) }],
    })
    await othersGone(bed, entries, machine.id)
    await bed.engine.close()
  })
})

describe('hooks', () => {
  async function bedWithHooks(hooks: TestGuest['state']['hooks']): Promise<EngineBed> {
    const bed = await new EngineBed().start()
    bed.onGuest = ({ state }) => {
      state.hooks = hooks
    }
    await bed.template()
    return bed
  }

  it('are in the receipt by name and code', async () => {
    const bed = await bedWithHooks({ '20-cache': 0, '10-keys': 0 })
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine.receipt?.assign.at(-1)).toEqual({ name: 'hooks', status: 'done', evidence: '10-keys=0 20-cache=0' })
  })

  it.each(['restored', 'cold'] as const)('that fail are named: the %s machine is destroyed', async (boot) => {
    const bed = await bedWithHooks({})
    bed.onGuest = ({ state }) => {
      state.hooks = { '10-keys': 0, '20-cache': 3 }
    }
    await expect(bed.engine.launch({ template: 'base', boot })).rejects.toMatchObject({
      code: 'personalise_failed',
      message: expect.stringContaining('hooks: failed, 20-cache ended with 3'),
    })
    expect(bed.onHost().machines).toEqual([])
  })

  it('that hang are named before the claim gives up, and the next entry serves', async () => {
    const { bed, entries } = await bedWithPool()
    const tokens = entries.map(({ guest }) => guest.state.token)
    for (const { guest } of entries) guest.state.hooks = { '10-hangs': 'hangs' }
    const launch = bed.engine.launch({ template: 'base' })
    await waitUntil('a hook to hang', () => entries.some(({ guest }, index) => guest.state.token !== tokens[index]))
    for (const { guest } of entries) guest.state.hooks = {}
    bed.clock.advance(2_000)
    const machine = await launch
    expect(machine.boot).toMatchObject({
      method: 'warm',
      reasons: [{ code: 'personalise_failed', detail: expect.stringContaining('10-hangs was not done in time') }],
    })
    await othersGone(bed, entries, machine.id)
    await bed.engine.close()
  })

  it('are not asked of an agent of before hooks, which a snapshot may hold', async () => {
    const bed = await new EngineBed().start()
    bed.onGuest = ({ state }) => {
      state.capabilities = state.capabilities.filter((capability) => capability !== 'hooks')
      state.hooks = { '10-fails': 1 }
    }
    await bed.template()
    const machine = await bed.engine.launch({ template: 'base', boot: 'restored' })
    expect(machine.receipt?.assign.map(({ name }) => name)).not.toContain('hooks')
  })
})

describe('a guest that stood still for 75 hours', () => {
  it('is set right, and its receipt says by how much', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    bed.onGuest = (guest) => guest.fallBehind(75 * 3_600_000)
    const machine = await bed.engine.launch({ template: 'base', boot: 'restored' })
    const clock = (part: 'identify' | 'assign') => machine.receipt?.[part].find(({ name }) => name === 'clock')?.evidence
    expect(clock('identify')).toBe(`${-75 * 3_600_000} ${bed.clock.now()}`)
    expect(clock('assign')).toBe(`0 ${bed.clock.now()}`)
    expect(await bed.run(machine, 'date')).toBe(String(bed.clock.now()))
  })
})
