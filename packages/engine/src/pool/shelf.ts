import type { MachineId } from '@hearth/model'
import type { HeldEntry } from './pool-entry.ts'

export interface ShelfParts {
  /** Ends an entry; reports its own failures. */
  readonly drop: (entry: HeldEntry) => Promise<void>
  /** Called when one is gone. */
  readonly gone: () => void
  /** Told of what goes by itself. */
  readonly track: (work: Promise<void>) => void
}

/** The machines of one pool that are ready, oldest first. */
export class Shelf {
  readonly #parts: ShelfParts
  #entries: HeldEntry[] = []
  #leaving = 0

  constructor(parts: ShelfParts) {
    this.#parts = parts
  }

  get all(): readonly HeldEntry[] {
    return this.#entries
  }

  get size(): number {
    return this.#entries.length
  }

  /** On their way out; they take room until they are gone. */
  get leaving(): number {
    return this.#leaving
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

  /** All of which `leaves` is true are ended; resolves when they are gone. */
  async clear(leaves: (entry: HeldEntry) => boolean = () => true): Promise<void> {
    const leaving = this.#entries.filter(leaves)
    this.#entries = this.#entries.filter((each) => !leaving.includes(each))
    await Promise.all(leaving.map((entry) => this.evict(entry)))
  }

  /** As `clear`, in the background. */
  sweep(leaves: (entry: HeldEntry) => boolean): void {
    if (this.#entries.some(leaves)) this.#parts.track(this.clear(leaves))
  }

  /** What is more than `most` goes, the oldest first. */
  trim(most: number): void {
    const surplus = this.#entries.slice(0, Math.max(0, this.size - most))
    this.sweep((each) => surplus.includes(each))
  }

  /** Ends an entry that is not on the shelf, in the background. */
  discard(entry: HeldEntry): void {
    this.#parts.track(this.evict(entry))
  }

  /** Ends an entry that is not on the shelf. */
  async evict(entry: HeldEntry): Promise<void> {
    this.#leaving += 1
    try {
      await this.#parts.drop(entry)
    } finally {
      this.#leaving -= 1
      this.#parts.gone()
    }
  }
}
