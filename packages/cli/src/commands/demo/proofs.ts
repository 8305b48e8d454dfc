import type { Machine } from '@hearth/sdk'
import type { CloneFacts } from './clone.ts'

/** Something that must be true of the clones together, and whether it is. */
export interface Proof {
  readonly claim: string
  readonly holds: boolean
  readonly detail: string
}

const clockToleranceMs = 2_000

/** That no two clones share what must be their own, and that each is who the server says. Pure. */
export function prove(clones: readonly CloneFacts[], machines: readonly Pick<Machine, 'id' | 'data'>[]): Proof[] {
  return [
    ...(['hostname', 'machineUuid', 'mac', 'address', 'random'] as const).map((field) => distinct(clones, field)),
    eachIsItself(clones, machines),
    clocksAgree(clones),
    receiptsHold(machines),
    { claim: 'the service in each clone answered', ...all(clones, ({ service }) => service !== '') },
  ]
}

function distinct(clones: readonly CloneFacts[], field: 'hostname' | 'machineUuid' | 'mac' | 'address' | 'random'): Proof {
  const different = new Set(clones.map((clone) => clone[field])).size
  return {
    claim: `no two share ${words[field]}`,
    holds: different === clones.length,
    detail: `${different} different of ${clones.length}`,
  }
}

const words = { hostname: 'a hostname', machineUuid: 'a machine id', mac: 'a MAC', address: 'an address', random: 'random bytes' }

function eachIsItself(clones: readonly CloneFacts[], machines: readonly Pick<Machine, 'id' | 'data'>[]): Proof {
  const known = new Map(machines.map((machine) => [machine.id, machine.data]))
  const same = (clone: CloneFacts) => {
    const data = known.get(clone.machineId)
    return (
      data?.hostname === clone.hostname &&
      data.machineUuid === clone.machineUuid &&
      data.network.mac === clone.mac &&
      data.network.address.split('/')[0] === clone.address
    )
  }
  return { claim: 'each is who the server says it is', ...all(clones, same) }
}

function clocksAgree(clones: readonly CloneFacts[]): Proof {
  const worst = Math.max(...clones.map(({ clockDeltaMs }) => clockDeltaMs))
  return { claim: 'each clock is right', holds: worst <= clockToleranceMs, detail: `at most ${worst} ms off` }
}

function receiptsHold(machines: readonly Pick<Machine, 'id' | 'data'>[]): Proof {
  const proven = ({ data }: Pick<Machine, 'data'>) =>
    data.receipt !== undefined && [...data.receipt.identify, ...data.receipt.assign].every(({ status }) => status !== 'failed')
  return { claim: 'each has a verified receipt', ...all(machines, proven) }
}

function all<T>(items: readonly T[], holds: (item: T) => boolean): { holds: boolean; detail: string } {
  const count = items.filter(holds).length
  return { holds: items.length > 0 && count === items.length, detail: `${count} of ${items.length}` }
}
