import { type AuditEntry, type Clock, type Log, messageOf, type StateStore } from '@hearth/model'

type NewEntry = Omit<AuditEntry, 'seq'>

/** How late an entry may be written. */
const flushMs = 1000
/** So many are written at once, without waiting … */
const batch = 500
/** … and so many may wait while the store does not answer. */
const mostWaiting = 50_000
const dayMs = 86_400_000
const pruneEveryMs = dayMs

/** The audit log: entries are written together, off the way of the requests they tell of. */
export class AuditTrail {
  readonly #audit: StateStore['audit']
  readonly #clock: Clock
  readonly #log: Log
  readonly #keepMs: number
  #waiting: NewEntry[] = []
  #lost = 0
  #flushing: Promise<void> | undefined
  #alarm: Promise<void> | undefined
  #prunedAt = Number.NEGATIVE_INFINITY
  readonly #closed = new AbortController()

  constructor(audit: StateStore['audit'], clock: Clock, log: Log, keepDays: number) {
    this.#audit = audit
    this.#clock = clock
    this.#log = log
    this.#keepMs = keepDays * dayMs
  }

  /** Remembers an entry; it is in the store about a second later. */
  note(entry: NewEntry): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#lost++
      return
    }
    this.#waiting.push(entry)
    if (this.#waiting.length >= batch) void this.flush()
    else this.#alarm ??= this.#flushSoon()
  }

  /** Writes what waits. What the store does not take waits on; it is logged, never thrown. */
  flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  /** Writes what waits, for the last time. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#flushing
    await this.flush()
    if (this.#waiting.length > 0) this.#log.error('audit.lost', { entries: this.#waiting.length + this.#lost })
  }

  async #flushSoon(): Promise<void> {
    try {
      await this.#clock.sleep(flushMs, this.#closed.signal)
    } catch (error) {
      // `close` flushes.
      if (this.#closed.signal.aborted) return
      throw error
    } finally {
      this.#alarm = undefined
    }
    await this.flush()
    if (this.#waiting.length > 0) this.#alarm ??= this.#flushSoon()
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const entries = this.#waiting.slice(0, batch)
        await this.#audit.append(entries)
        this.#waiting.splice(0, entries.length)
      }
      if (this.#lost > 0) this.#log.error('audit.lost', { entries: this.#lost })
      this.#lost = 0
      await this.#prune()
    } catch (error) {
      this.#log.error('audit.not_written', { waiting: this.#waiting.length, error: messageOf(error) })
    }
  }

  async #prune(): Promise<void> {
    const now = this.#clock.monotonicMs()
    if (now - this.#prunedAt < pruneEveryMs) return
    this.#prunedAt = now
    const entries = await this.#audit.prune(this.#clock.now() - this.#keepMs)
    if (entries > 0) this.#log.info('audit.pruned', { entries })
  }
}
