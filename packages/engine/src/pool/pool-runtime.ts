import {
  type BootReason,
  HearthError,
  isHearthError,
  type MachineId,
  messageOf,
  type Pool,
  type SnapshotManifest,
  type Template,
} from '@hearth/model'
import { abortOr } from '../time/abort.ts'
import { dropEntry, makeEntry } from './make-entry.ts'
import { Pacing } from './pacing.ts'
import { entriesToBegin } from './plan-refill.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import { PoolStats } from './pool-stats.ts'

/** What new entries of a pool are made of. */
export interface EntrySource {
  readonly template: Template
  readonly manifest: SnapshotManifest
}

/** Why a pool has nothing to give. */
export interface Miss {
  readonly code: BootReason
  readonly detail: string
}

export interface RuntimeParts {
  /** The template version and snapshot that new entries are made of now. @throws HearthError why there is none */
  readonly source: (pool: Pool) => Promise<EntrySource>
  /** Whether another machine of this size fits beside what lives. */
  readonly fits: (memoryMiB: number) => boolean
  /** Resolves when no claim is under way, or a second has passed: refill must not make claims slower. */
  readonly quiet: (signal: AbortSignal) => Promise<void>
}

/** One pool on this host: what it holds, and what it makes. Everything it has in flight counts before it is begun. */
export class PoolRuntime {
  readonly stats = new PoolStats()
  readonly #context: PoolContext
  readonly #parts: RuntimeParts
  readonly #pacing: Pacing
  readonly #ready: HeldEntry[] = []
  readonly #making = new Map<MachineId | symbol, AbortController>()
  #pool: Pool
  #started: boolean
  #ended = false
  #lastFailure: string | undefined
  #hostFull = false
  #refilling = false
  #again = false

  constructor(context: PoolContext, pool: Pool, parts: RuntimeParts) {
    this.#context = context
    this.#parts = parts
    this.#pool = pool
    this.#started = !pool.settings.lazy
    this.#pacing = new Pacing(pool.settings, () => fraction(context))
  }

  get pool(): Pool {
    return this.#pool
  }

  get ready(): readonly HeldEntry[] {
    return this.#ready
  }

  get making(): number {
    return this.#making.size
  }

  /** False for a lazy pool before the first launch of its template. */
  get started(): boolean {
    return this.#started
  }

  get hostFull(): boolean {
    return this.#hostFull
  }

  /** Why the last entry could not be made; `undefined` once one was. */
  get lastFailure(): string | undefined {
    return this.#lastFailure
  }

  get notProgressing(): string | undefined {
    return this.#pacing.notProgressing(this.#context.clock.monotonicMs())
  }

  /** Takes over changed settings, or a new version. Entries stay until they age out. */
  change(pool: Pool): void {
    this.#pool = pool
    this.#pacing.change(pool.settings)
    if (!pool.settings.lazy) this.#started = true
    this.refill()
  }

  /** An entry that an earlier server left parked. */
  adopt(entry: HeldEntry): void {
    this.#ready.push(entry)
    this.#ready.sort((a, b) => a.readyAt - b.readyAt)
  }

  /** The first launch of a lazy pool's template. */
  wake(): void {
    if (this.#started) return
    this.#started = true
    this.refill()
  }

  /** The oldest entry that is young enough; it is the caller's from now on. */
  take(): HeldEntry | Miss {
    this.#evictOld()
    const entry = this.#ready.shift()
    if (entry) return entry
    if (this.#hostFull)
      return { code: 'host_memory', detail: `the host has no memory for more machines of pool ${this.#pool.name}` }
    const why = this.notProgressing
    if (why !== undefined) return { code: 'pool_not_ready', detail: `pool ${this.#pool.name} makes no progress: ${why}` }
    if (this.stats.read().created === 0) return { code: 'pool_not_ready', detail: `pool ${this.#pool.name} has only just begun` }
    return { code: 'pool_empty', detail: `pool ${this.#pool.name} is empty; ${this.making} machines are on their way` }
  }

  /** Gives back an entry that was taken and not touched. */
  giveBack(entry: HeldEntry): void {
    if (this.#ended) this.#discard(entry)
    else this.adopt(entry)
  }

  /** A machine ended by itself. Whether it was ours. */
  noteExit(id: MachineId, detail: string): boolean {
    const index = this.#ready.findIndex((each) => each.row.id === id)
    if (index < 0) return false
    const [entry] = this.#ready.splice(index, 1)
    this.#lastFailure = detail
    if (entry) this.#discard(entry)
    this.refill()
    return true
  }

  /** Looks whether entries are wanted, and begins them. Cheap to call; looks again when something changed meanwhile. */
  refill(): void {
    if (this.#ended) return
    this.#again = true
    if (this.#refilling) return
    this.#refilling = true
    this.#context.background.run(`refill pool ${this.#pool.name}`, async (signal) => {
      try {
        while (this.#again && !this.#ended) {
          this.#again = false
          await this.#parts.quiet(signal)
          await this.#refillOnce()
        }
      } finally {
        this.#refilling = false
      }
    })
  }

  /** Begins up to `max` whatever the level is; resolves when all that was begun has ended. */
  async warm(signal?: AbortSignal): Promise<void> {
    this.#started = true
    while (!this.#ended && !signal?.aborted) {
      const missing = this.#pool.settings.max - this.#ready.length - this.making
      if (missing <= 0 && this.making === 0) return
      await this.#begin(missing)
      const pauseMs = this.#pacing.notBeforeMs - this.#context.clock.monotonicMs()
      if (this.making > 0) await Promise.race([...this.#ends])
      else if (pauseMs > 0) await this.#context.clock.sleep(pauseMs, signal)
      const why = this.notProgressing
      if (why !== undefined) throw new HearthError('driver_unavailable', `pool ${this.#pool.name} makes no progress: ${why}`)
    }
  }

  /** Ends every entry; those that are being made too. No new ones come. */
  async end(): Promise<void> {
    this.#ended = true
    for (const abort of this.#making.values()) abort.abort(new HearthError('cancelled', `pool ${this.#pool.name} is ending`))
    await Promise.all([...this.#ends])
    await Promise.all(this.#ready.splice(0).map((entry) => this.#evict(entry)))
  }

  /** Replaces what is ready at once: entries of another snapshot than `keep` go. */
  async cutOver(keep: SnapshotManifest['id']): Promise<void> {
    const old = this.#ready.filter((each) => each.manifest.id !== keep)
    for (const entry of old) this.#ready.splice(this.#ready.indexOf(entry), 1)
    this.refill()
    await Promise.all(old.map((entry) => this.#evict(entry)))
  }

  readonly #ends = new Set<Promise<void>>()

  async #refillOnce(): Promise<void> {
    this.#evictOld()
    if (!this.#started || this.#pool.state !== 'active') return
    this.stats.add('refillRuns')
    const wanted = entriesToBegin({ ready: this.#ready.length, making: this.making, settings: this.#pool.settings })
    await this.#begin(wanted)
  }

  async #begin(wanted: number): Promise<void> {
    const now = this.#context.clock.monotonicMs()
    const allowed = this.#pacing.allow(Math.max(0, wanted), this.making, now)
    for (let begun = 0; begun < allowed && !this.#ended; begun++) {
      this.#hostFull = !this.#parts.fits(this.#pool.resources.memoryMiB)
      if (this.#hostFull) return
      this.#pacing.begun(now)
      this.#makeOne()
    }
  }

  /** Counts from this moment on; what becomes of it is told to the pacing. */
  #makeOne(): void {
    const key = Symbol(this.#pool.name)
    const abort = new AbortController()
    this.#making.set(key, abort)
    const end = this.#make(abort.signal)
      .then(
        (entry) => this.#made(entry),
        (error) => this.#notMade(abortOr(error, abort.signal)),
      )
      .then(() => {
        this.#making.delete(key)
        this.#ends.delete(end)
        this.refill()
      })
    this.#ends.add(end)
  }

  async #make(signal: AbortSignal): Promise<HeldEntry> {
    const pool = this.#pool
    const source = await this.#parts.source(pool)
    return makeEntry(this.#context, { pool, ...source, canary: false }, signal)
  }

  #made(entry: HeldEntry): void {
    this.#lastFailure = undefined
    this.#pacing.succeeded(this.#context.clock.monotonicMs())
    this.stats.add('created')
    this.giveBack(entry)
  }

  #notMade(error: unknown): void {
    if (this.#ended) return
    this.#lastFailure = messageOf(error)
    this.#pacing.failed(this.#lastFailure, this.#context.clock.monotonicMs())
    this.stats.add('createFailed')
    if (isHearthError(error, 'guest_error', 'personalise_failed')) this.stats.add('validationFailures')
    this.#context.log.warn('pool.entry_failed', { pool: this.#pool.name, error: this.#lastFailure })
  }

  #evictOld(): void {
    const before = this.#context.clock.now() - this.#pool.settings.entryMaxAgeMs
    while (this.#ready[0] && this.#ready[0].readyAt <= before) {
      const [old] = this.#ready.splice(0, 1)
      if (old) this.#discard(old)
    }
  }

  #discard(entry: HeldEntry): void {
    this.#context.background.run(`evict ${entry.row.id}`, () => this.#evict(entry))
  }

  async #evict(entry: HeldEntry): Promise<void> {
    this.stats.add('evicted')
    await dropEntry(this.#context, entry.row.id, entry.row.driver)
  }
}

function fraction(context: PoolContext): number {
  return (context.random(1)[0] ?? 0) / 256
}
