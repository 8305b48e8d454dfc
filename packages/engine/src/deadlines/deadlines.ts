import type { Clock, Machine, MachineId } from '@hearth/model'

/** The wall clock may be set; it is looked at again at least so often. */
const longestSleepMs = 60_000

type Noted = Pick<Machine, 'id' | 'state' | 'deadlineAt'>

/**
 * When the time of which machine is over, on one timer for the nearest of them. What is kept here only says when to look:
 * whoever is told reads the row and decides.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #tell: (id: MachineId) => void
  readonly #at = new Map<MachineId, number>()
  #timer: AbortController | undefined
  /** By the clock that nobody sets. */
  #wakesAtMs = Number.POSITIVE_INFINITY
  #isClosed = false

  constructor(clock: Clock, tell: (id: MachineId) => void) {
    this.#clock = clock
    this.#tell = tell
  }

  /** Learns what a machine's row says now. */
  note(machine: Noted): void {
    const { id, state, deadlineAt } = machine
    if (deadlineAt === undefined || (state !== 'running' && state !== 'paused')) this.#at.delete(id)
    else this.lookAt(id, deadlineAt)
  }

  /** Has somebody look at a machine when the wall clock shows `at`, or later. */
  lookAt(id: MachineId, at: number): void {
    this.#at.set(id, at)
    const inMs = at - this.#clock.now()
    if (this.#clock.monotonicMs() + inMs < this.#wakesAtMs) this.#arm()
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.abort()
  }

  #arm(): void {
    this.#timer?.abort()
    this.#timer = undefined
    this.#wakesAtMs = Number.POSITIVE_INFINITY
    if (this.#isClosed || this.#at.size === 0) return
    const now = this.#clock.now()
    const nearest = Math.min(...this.#at.values())
    const sleepMs = Math.min(Math.max(nearest - now, 0), longestSleepMs)
    this.#wakesAtMs = this.#clock.monotonicMs() + sleepMs
    const timer = new AbortController()
    this.#timer = timer
    // A sleep that is aborted is one that another has taken the place of.
    this.#clock.sleep(sleepMs, timer.signal).then(
      () => this.#wake(),
      () => undefined,
    )
  }

  #wake(): void {
    const now = this.#clock.now()
    const due = [...this.#at].filter(([, at]) => at <= now).map(([id]) => id)
    for (const id of due) this.#at.delete(id)
    this.#arm()
    for (const id of due) this.#tell(id)
  }
}
