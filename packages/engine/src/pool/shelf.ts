import type { MachineId } from '@hearth/model'
import type { HeldEntry } from './pool-entry.ts'

/** The machines of one pool that are ready, oldest first. */
export class Shelf {
  #entries: HeldEntry[] = []

  get all(): readonly HeldEntry[] {
    return this.#entries
  }

  get size(): number {
    return this.#entries.length
  }

  get oldest(): HeldEntry | undefined {
    return this.#entries[0]
  }

  put(entry: HeldEntry): void {
    this.#entries.push(entry)
    this.#entries.sort((a, b) => a.readyAt - b.readyAt)
  }

  /** The oldest that fits; it is the caller's from now on. */
  take(fits: (entry: HeldEntry) => boolean = () => true): HeldEntry | undefined {
    const index = this.#entries.findIndex(fits)
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0]
  }

  takeById(id: MachineId): HeldEntry | undefined {
    return this.take((each) => each.row.id === id)
  }

  /** All of which `leaves` is true. */
  takeAll(leaves: (entry: HeldEntry) => boolean = () => true): HeldEntry[] {
    const leaving = this.#entries.filter(leaves)
    this.#entries = this.#entries.filter((each) => !leaving.includes(each))
    return leaving
  }
}
