import type { MachineId } from '@hearth/model'

/**
 * Which machines live from which thing (a snapshot, a template). Kept in memory, where a beginning use and a removal cannot cross;
 * filled from the rows at start. A machine counts from before its first file is opened until its end is complete.
 */
export class Uses<Thing extends string> {
  readonly #users = new Map<Thing, Set<MachineId>>()
  readonly #of = new Map<MachineId, Thing>()
  readonly #held = new Map<Thing, number>()
  readonly #leaving = new Set<Thing>()

  /** False when `thing` is being removed. */
  add(thing: Thing, machine: MachineId): boolean {
    if (this.#leaving.has(thing)) return false
    const users = this.#users.get(thing) ?? new Set()
    this.#users.set(thing, users.add(machine))
    this.#of.set(machine, thing)
    return true
  }

  /** What `machine` lived from until now. */
  release(machine: MachineId): Thing | undefined {
    const thing = this.#of.get(machine)
    if (!thing) return undefined
    this.#of.delete(machine)
    const users = this.#users.get(thing)
    users?.delete(machine)
    if (users?.size === 0) this.#users.delete(thing)
    return thing
  }

  /** Whether `machine` lives from anything. */
  has(machine: MachineId): boolean {
    return this.#of.has(machine)
  }

  of(thing: Thing): MachineId[] {
    return [...(this.#users.get(thing) ?? [])]
  }

  /** Keeps `thing` while uses of it are still to come. Returns the way to let go. */
  hold(thing: Thing): () => void {
    this.#held.set(thing, (this.#held.get(thing) ?? 0) + 1)
    return () => {
      const left = (this.#held.get(thing) ?? 1) - 1
      if (left > 0) this.#held.set(thing, left)
      else this.#held.delete(thing)
    }
  }

  isIdle(thing: Thing): boolean {
    return !this.#users.has(thing) && !this.#held.has(thing)
  }

  /** From now on nobody can begin to use it. False when it is already leaving. */
  beginRemoval(thing: Thing): boolean {
    if (this.#leaving.has(thing)) return false
    this.#leaving.add(thing)
    return true
  }

  isLeaving(thing: Thing): boolean {
    return this.#leaving.has(thing)
  }

  endRemoval(thing: Thing): void {
    this.#leaving.delete(thing)
  }
}
