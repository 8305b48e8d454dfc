import type { Machine } from '@hearth/sdk'
import { describe, expect, it } from 'vitest'
import type { CloneFacts } from './clone.ts'
import { prove } from './proofs.ts'

const clone = (n: number, change: Partial<CloneFacts> = {}): CloneFacts => ({
  machineId: `m-${n}`,
  hostname: `h${n}`,
  machineUuid: `u${n}`,
  address: `10.64.${n}.15`,
  mac: `02:00:00:00:00:0${n}`,
  random: `r${n}`,
  clockDeltaMs: 3,
  anonMiB: 20,
  service: '{}',
  ...change,
})
const machine = (n: number, status = 'done') =>
  ({
    id: `m-${n}`,
    data: {
      hostname: `h${n}`,
      machineUuid: `u${n}`,
      network: { mac: `02:00:00:00:00:0${n}`, address: `10.64.${n}.15/24` },
      receipt: { identify: [{ status }], assign: [] },
    },
  }) as unknown as Machine
const failing = (clones: CloneFacts[], machines: Machine[]) =>
  prove(clones, machines)
    .filter(({ holds }) => !holds)
    .map(({ claim }) => claim)

describe('the proofs of the demo', () => {
  it('hold for clones of their own', () => {
    expect(failing([clone(1), clone(2)], [machine(1), machine(2)])).toEqual([])
  })

  it.each([
    ['hostname', 'no two share a hostname'],
    ['machineUuid', 'no two share a machine id'],
    ['mac', 'no two share a MAC'],
    ['address', 'no two share an address'],
    ['random', 'no two share random bytes'],
  ] as const)('fail when two share their %s', (field, claim) => {
    expect(failing([clone(1), clone(2, { [field]: clone(1)[field] })], [machine(1), machine(2)])).toContain(claim)
  })

  it('fail for a wrong clock, a failed receipt, a silent service, an impostor, and for no clones at all', () => {
    expect(failing([clone(1, { clockDeltaMs: 2001 })], [machine(1)])).toEqual(['each clock is right'])
    expect(failing([clone(1)], [machine(1, 'failed')])).toEqual(['each has a verified receipt'])
    expect(failing([clone(1, { service: '' })], [machine(1)])).toEqual(['the service in each clone answered'])
    expect(failing([clone(1, { hostname: 'other' })], [machine(1)])).toEqual(['each is who the server says it is'])
    expect(failing([], [])).not.toEqual([])
  })
})
