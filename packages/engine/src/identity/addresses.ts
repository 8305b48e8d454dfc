import { HearthError, type MachineId, type NetworkIdentity, type RandomBytes } from '@hearth/model'

/** 10.64.0.0 to 10.127.255.0, one /24 for each machine. */
const subnets = 64 * 256
/** Outside every machine's own network, so that a driver can answer there for all of them alike. */
const resolver = '10.63.255.3'

/** Gives every live machine a network of its own, so that no two clones share an address. Filled from the rows at start. */
export class AddressBook {
  readonly #random: RandomBytes
  readonly #taken = new Map<number, MachineId>()
  readonly #of = new Map<MachineId, number>()

  constructor(random: RandomBytes) {
    this.#random = random
  }

  /** @throws HearthError `driver_busy` when all 16,384 are taken */
  take(machine: MachineId): NetworkIdentity {
    const subnet = this.#free()
    this.#note(subnet, machine)
    const prefix = `10.${64 + (subnet >> 8)}.${subnet & 255}`
    return { mac: this.#mac(), address: `${prefix}.15/24`, gateway: `${prefix}.2`, dns: resolver }
  }

  /** Notes what a row says. */
  restore(machine: MachineId, network: NetworkIdentity): void {
    const [, second = '', third = ''] = /^10\.(\d+)\.(\d+)\./.exec(network.address) ?? []
    const subnet = (Number(second) - 64) * 256 + Number(third)
    if (subnet >= 0 && subnet < subnets) this.#note(subnet, machine)
  }

  release(machine: MachineId): void {
    const subnet = this.#of.get(machine)
    if (subnet === undefined) return
    this.#of.delete(machine)
    if (this.#taken.get(subnet) === machine) this.#taken.delete(subnet)
  }

  #note(subnet: number, machine: MachineId): void {
    this.#taken.set(subnet, machine)
    this.#of.set(machine, subnet)
  }

  #free(): number {
    const [high = 0, low = 0] = this.#random(2)
    const first = ((high << 8) | low) % subnets
    for (let step = 0; step < subnets; step++) {
      const subnet = (first + step) % subnets
      if (!this.#taken.has(subnet)) return subnet
    }
    throw new HearthError('driver_busy', `all ${subnets} machine networks are taken`, {
      hint: 'End machines that are not needed.',
    })
  }

  /** Locally administered, unicast. */
  #mac(): string {
    const bytes = this.#random(6)
    const first = ((bytes[0] ?? 0) & 0xfc) | 0x02
    return [first, ...bytes.subarray(1, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
  }
}
