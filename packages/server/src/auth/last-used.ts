import { type AccessKey, type Clock, isHearthError, type KeyId, type Log, messageOf, type StateStore } from '@hearth/model'

const minuteMs = 60_000

/** When keys were used last, to the minute; written together, off the way of the requests. */
export class LastUsed {
  readonly #keys: Pick<StateStore['keys'], 'get' | 'update'>
  readonly #clock: Clock
  readonly #log: Log
  readonly #waiting = new Map<KeyId, number>()
  readonly #closed = new AbortController()
  #alarm: Promise<void> | undefined

  constructor(keys: Pick<StateStore['keys'], 'get' | 'update'>, clock: Clock, log: Log) {
    this.#keys = keys
    this.#clock = clock
    this.#log = log
  }

  /** Remembers that `key` is used now. */
  note(key: AccessKey): void {
    const minute = Math.floor(this.#clock.now() / minuteMs) * minuteMs
    if (key.lastUsedAt !== undefined && key.lastUsedAt >= minute) return
    this.#waiting.set(key.id, minute)
    this.#alarm ??= this.#flushSoon()
  }

  /** Writes what waits, for the last time. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#alarm
    await this.flush()
  }

  /** Writes what waits; what cannot be written now waits on. */
  async flush(): Promise<void> {
    for (const [id, minute] of [...this.#waiting]) {
      try {
        await this.#write(id, minute)
        if (this.#waiting.get(id) === minute) this.#waiting.delete(id)
      } catch (error) {
        // Somebody changed the key at this moment: next time.
        if (!isHearthError(error, 'store_conflict')) this.#log.warn('auth.use_not_written', { key: id, error: messageOf(error) })
      }
    }
  }

  async #write(id: KeyId, minute: number): Promise<void> {
    const row = await this.#keys.get(id)
    if (row === undefined || (row.lastUsedAt ?? 0) >= minute) return
    await this.#keys.update(id, row.rev, { lastUsedAt: minute })
  }

  async #flushSoon(): Promise<void> {
    try {
      await this.#clock.sleep(minuteMs, this.#closed.signal)
    } catch (error) {
      // `close` flushes.
      if (this.#closed.signal.aborted) return
      throw error
    } finally {
      this.#alarm = undefined
    }
    await this.flush()
    if (this.#waiting.size > 0) this.#alarm ??= this.#flushSoon()
  }
}
