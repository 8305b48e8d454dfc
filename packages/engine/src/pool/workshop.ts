import { HearthError, type MachineId } from '@hearth/model'
import { abortOr } from '../time/abort.ts'
import type { HeldEntry } from './pool-entry.ts'

export interface WorkshopParts {
  readonly make: (id: MachineId, signal: AbortSignal) => Promise<HeldEntry>
  readonly made: (entry: HeldEntry) => void
  readonly notMade: (error: unknown) => void
  /** Called after either, once it counts no more. */
  readonly after: () => void
}

/** Where entries of one pool are made. Each counts from the moment it is begun, and everything else that must end with the pool too. */
export class Workshop {
  readonly #parts: WorkshopParts
  readonly #making = new Set<MachineId>()
  readonly #work = new Set<Promise<void>>()
  readonly #ending = new AbortController()

  constructor(parts: WorkshopParts) {
    this.#parts = parts
  }

  get making(): number {
    return this.#making.size
  }

  /** Fires when the pool ends. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  begin(id: MachineId): void {
    const { make, made, notMade, after } = this.#parts
    this.#making.add(id)
    const end = make(id, this.ending).then(made, (error) => notMade(abortOr(error, this.ending)))
    this.track(
      end.finally(() => {
        this.#making.delete(id)
        after()
      }),
    )
  }

  /** Something that reports its own failures, and whose end `end` waits for. */
  track(work: Promise<unknown>): void {
    const tracked = work.then(
      () => void this.#work.delete(tracked),
      // Whoever began it has heard of the failure.
      () => void this.#work.delete(tracked),
    )
    this.#work.add(tracked)
  }

  /** Resolves when something that was begun has ended. */
  async next(): Promise<void> {
    await Promise.race(this.#work)
  }

  /** Aborts what is under way. */
  stop(why: string): void {
    this.#ending.abort(new HearthError('cancelled', why))
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work)
  }
}
