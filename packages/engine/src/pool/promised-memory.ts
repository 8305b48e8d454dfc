import type { MachineId } from '@hearth/model'

/** The memory that live machines and pool entries may come to need, on this host. */
export class PromisedMemory {
  readonly #of = new Map<MachineId, number>()
  #totalMiB = 0

  get totalMiB(): number {
    return this.#totalMiB
  }

  add(machine: MachineId, memoryMiB: number): void {
    this.release(machine)
    this.#of.set(machine, memoryMiB)
    this.#totalMiB += memoryMiB
  }

  release(machine: MachineId): void {
    this.#totalMiB -= this.#of.get(machine) ?? 0
    this.#of.delete(machine)
  }
}
