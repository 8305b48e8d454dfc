import { setTimeout as pause } from 'node:timers/promises'
import { type Log, messageOf } from '@hearth/model'
import type pg from 'pg'
import { LocalNews } from '../event-news.ts'

const channel = 'hearth_events'
/** Several commits close together are told of once. */
const tellAfterMs = 5
const pollMs = 2000
const reconnectMs = 1000

export interface PostgresNewsOptions {
  readonly pool: pg.Pool
  readonly newClient: () => pg.Client
  readonly log: Log
}

/**
 * News between servers that share a database. Each tells the others behind its commits, not within them: a notification
 * makes commits wait for each other. What is lost on the way, a look at the newest number every two seconds finds.
 */
export class PostgresNews extends LocalNews {
  readonly #options: PostgresNewsOptions
  readonly #stop = new AbortController()
  #telling: NodeJS.Timeout | undefined
  #following: Promise<unknown> | undefined
  #newest = 0

  constructor(options: PostgresNewsOptions) {
    super()
    this.#options = options
  }

  override tell(): void {
    super.tell()
    if (this.#stop.signal.aborted) return
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      this.#notify()
    }, tellAfterMs).unref()
  }

  override watch(listener: () => void): () => void {
    this.#following ??= Promise.all([this.#listen(), this.#poll()])
    return super.watch(listener)
  }

  override async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#telling)
    await this.#following
    await super.close()
  }

  #notify(): void {
    this.#options.pool.query(`select pg_notify('${channel}', '')`).catch((error) => this.#unheard('store.notify_failed', error))
  }

  async #listen(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const client = this.#options.newClient()
      try {
        await this.#listenOn(client)
      } catch (error) {
        this.#unheard('store.listen_failed', error)
      } finally {
        await client.end().catch((error) => this.#unheard('store.listen_failed', error))
      }
      await this.#pause(reconnectMs)
    }
  }

  /** Resolves when the connection has ended, or when nobody needs it any more. */
  async #listenOn(client: pg.Client): Promise<void> {
    const over = new Promise<void>((resolve, reject) => {
      client.once('error', reject)
      client.once('end', resolve)
      if (this.#stop.signal.aborted) resolve()
      this.#stop.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    client.on('notification', () => super.tell())
    await Promise.race([over, client.connect().then(() => client.query(`listen ${channel}`))])
    // What came while nobody listened.
    super.tell()
    await over
  }

  async #poll(): Promise<void> {
    while (await this.#pause(pollMs)) {
      try {
        const { rows } = await this.#options.pool.query<{ seq: number | null }>('select max(seq) as seq from events')
        const newest = rows[0]?.seq ?? 0
        if (newest !== this.#newest) super.tell()
        this.#newest = newest
      } catch (error) {
        this.#unheard('store.poll_failed', error)
      }
    }
  }

  /** Whether to go on. */
  async #pause(ms: number): Promise<boolean> {
    const woken = (error: unknown) => {
      if (!this.#stop.signal.aborted) throw error
    }
    await pause(ms, undefined, { ref: false, signal: this.#stop.signal }).catch(woken)
    return !this.#stop.signal.aborted
  }

  /** News are a help, never a promise: what goes wrong here is for the log. */
  #unheard(event: string, error: unknown): void {
    this.#options.log.debug(event, { error: messageOf(error) })
  }
}
