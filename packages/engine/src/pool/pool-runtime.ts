import {
  HearthError,
  isHearthError,
  type MachineId,
  messageOf,
  newMachineId,
  type Pool,
  type Progress,
  type SnapshotManifest,
} from '@hearth/model'
import { abortOr, LinkedAbort, orAborted, throwIfAborted } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { Autoscaler } from './autoscale/autoscaler.ts'
import { dropEntry, makeEntry } from './make-entry.ts'
import { memoryIsSpent } from './memory-budget.ts'
import { type Miss, missOf } from './miss.ts'
import { Pacing } from './pacing.ts'
import { entriesToBegin } from './plan-refill.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import type { EntrySource } from './pool-source.ts'
import { PoolStats } from './pool-stats.ts'
import { Shelf } from './shelf.ts'
import { Workshop } from './workshop.ts'

/** From this share of their time on entries are replaced as soon as there is room. */
const expiringShare = 0.8
/** How soon to look again whether there is room, in the host's memory or in the pool, in milliseconds. */
const noRoomPauseMs = 1000

/** How a machine of some version fared: `failure` when it could not be made, or failed whoever was to have it. */
export interface Verdict {
  readonly version: number
  readonly failure?: string
}

export interface RuntimeParts {
  /** The template version and snapshot that new entries are made of now. @throws HearthError why there is none */
  readonly source: (pool: Pool) => Promise<EntrySource>
  /** Whether another machine of this size fits beside what lives. */
  readonly fits: (memoryMiB: number) => boolean
  /** Resolves when no claim is under way, or a second has passed: refill must not make claims slower. */
  readonly quiet: (signal: AbortSignal) => Promise<void>
  readonly judge: (verdict: Verdict) => void
}

/** One pool on this host: what it holds, and what it makes. Everything it has in flight counts before it is begun. */
export class PoolRuntime {
  readonly stats: PoolStats
  readonly scaler: Autoscaler
  readonly #context: PoolContext
  readonly #parts: RuntimeParts
  readonly #pacing: Pacing
  readonly #shelf: Shelf
  readonly #workshop: Workshop
  #pool: Pool
  #started: boolean
  #hostFull = false
  #reason: string | undefined
  #refilling = false
  #again = false
  #retry: LinkedAbort | undefined

  constructor(context: PoolContext, pool: Pool, parts: RuntimeParts) {
    this.#context = context
    this.#parts = parts
    this.#pool = pool
    this.#started = !pool.settings.lazy
    this.stats = new PoolStats(pool.name, context)
    this.scaler = new Autoscaler(pool.settings, context.clock.monotonicMs())
    this.#pacing = new Pacing(pool.settings, () => (context.random(1)[0] ?? 0) / 256)
    this.#workshop = new Workshop({
      make: (id, signal) => this.#make(id, signal),
      made: (entry) => this.#made(entry),
      notMade: (error) => this.#notMade(error),
      after: () => this.refill(),
    })
    this.#shelf = new Shelf({
      drop: ({ row }) => {
        this.stats.add('evicted')
        return dropEntry(context, row.id, row.driver)
      },
      gone: () => this.refill(),
      track: (work) => this.#workshop.track(work),
    })
  }

  get pool(): Pool {
    return this.#pool
  }

  get ready(): readonly HeldEntry[] {
    return this.#shelf.all
  }

  get making(): number {
    return this.#workshop.making
  }

  /** False for a lazy pool before the first launch of its template. */
  get started(): boolean {
    return this.#started
  }

  get hostFull(): boolean {
    return this.#hostFull
  }

  /** Fires when the pool ends here. */
  get ending(): AbortSignal {
    return this.#workshop.ending
  }

  /** Why the last entry could not be made; `undefined` once one was. */
  get reason(): string | undefined {
    return this.notProgressing ?? this.#reason
  }

  get notProgressing(): string | undefined {
    return this.#pacing.notProgressing(this.#context.clock.monotonicMs())
  }

  /** Takes over changed settings, or a new version. Entries stay until they age out, but not those of another template. */
  change(pool: Pool): void {
    if (pool.rev < this.#pool.rev) return
    this.#pool = pool
    this.#pacing.change(pool.settings)
    this.scaler.change(pool.settings)
    if (!pool.settings.lazy) this.#started = true
    this.#shelf.sweep((each) => !isOf(each, pool))
    this.#shelf.trim(this.scaler.scale.max)
    this.refill()
  }

  /** An entry that an earlier server left parked. */
  adopt(entry: HeldEntry): void {
    this.stats.add('adopted')
    this.#shelf.put(entry)
  }

  /** A canary of a version that has taken over. */
  welcome(entry: HeldEntry): void {
    this.stats.add('created')
    this.giveBack(entry)
  }

  /** The first launch of a lazy pool's template. */
  wake(): void {
    if (this.#started) return
    this.#started = true
    this.refill()
  }

  /** The oldest entry that fits and is young enough; it is the caller's from now on. */
  take(fits?: (entry: HeldEntry) => boolean): HeldEntry | Miss {
    this.#evictOld()
    return this.#shelf.take(fits) ?? missOf(this)
  }

  /** Gives back an entry that was taken and not touched. */
  giveBack(entry: HeldEntry): void {
    if (this.ending.aborted || !isOf(entry, this.#pool)) this.discard(entry)
    else this.#shelf.put(entry)
    this.#shelf.trim(this.scaler.scale.max)
  }

  /** An entry that failed whoever was to have it; it is gone already. Only the `first` one of a launch is held against its version. */
  failedAtClaim(entry: HeldEntry, reason: string, first: boolean): void {
    this.stats.add('claimFailures')
    this.stats.add('validationFailures')
    this.stats.failed('claim', reason, entry.row.id)
    if (first) this.#parts.judge({ version: entry.template.version, failure: reason })
  }

  /** Ends an entry that nobody is to have. */
  discard(entry: HeldEntry): void {
    this.#shelf.discard(entry)
  }

  /** A machine ended by itself. Whether it was ours. */
  noteExit(id: MachineId, detail: string): boolean {
    const entry = this.#shelf.takeById(id)
    if (!entry) return false
    this.stats.failed('wait', detail, id)
    this.discard(entry)
    this.refill()
    return true
  }

  /** Gives up the oldest entry for something that is wanted more. */
  async giveWay(): Promise<void> {
    const entry = this.#shelf.take()
    if (entry) await this.#shelf.evict(entry)
  }

  /** What is done on the interval. */
  tick(): void {
    this.scaler.look(this.#context.clock.monotonicMs())
    this.#shelf.trim(this.scaler.scale.max)
    this.refill()
  }

  /** Looks whether entries are wanted, and begins them. Cheap to call; looks again when something changed meanwhile. */
  refill(): void {
    if (this.ending.aborted) return
    this.#again = true
    if (this.#refilling) return
    this.#refilling = true
    this.#context.background.run(`refill pool ${this.#pool.name}`, async (signal) => {
      const either = AbortSignal.any([signal, this.ending])
      try {
        while (this.#again && !this.ending.aborted) {
          this.#again = false
          await this.#parts.quiet(either)
          this.#refillOnce()
        }
      } finally {
        this.#refilling = false
      }
    })
  }

  /** Begins up to `max` whatever the level is; resolves when that many are ready. @throws HearthError see `EnginePools.warm` */
  async warm(options: { readonly signal?: AbortSignal; readonly progress?: Progress } = {}): Promise<void> {
    this.#started = true
    const abort = new LinkedAbort(options.signal, this.ending)
    try {
      while (!(await this.#warmed(abort.signal, options.progress))) this.#evictOld()
    } catch (error) {
      throw abortOr(error, abort.signal)
    } finally {
      abort.release()
    }
  }

  /** Runs something that ends when the pool does, and that the pool's end waits for. */
  beside(what: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    const abort = new LinkedAbort(this.#context.background.ending, this.ending)
    const done = attempt(this.#context.log, what, () => work(abort.signal)).finally(() => abort.release())
    this.#workshop.track(done)
  }

  /** No new ones come, and those that are being made are given up. */
  stop(): void {
    this.#workshop.stop(`pool ${this.#pool.name} is ending`)
    this.#retry?.release()
  }

  /** Ends every entry; those that are being made too. No new ones come. */
  async end(): Promise<void> {
    this.stop()
    await this.#workshop.idle()
    await this.#shelf.clear()
    await this.#workshop.idle()
  }

  /** Resolves when nothing is being made or ended. */
  idle(): Promise<void> {
    return this.#workshop.idle()
  }

  /** Replaces what is ready at once: entries of another snapshot than `keep` go. */
  async cutOver(keep: SnapshotManifest['id']): Promise<void> {
    await this.#shelf.clear((each) => each.manifest.id !== keep)
  }

  /** Ends the entries of a version that proved bad. */
  async forsake(version: number): Promise<void> {
    await this.#shelf.clear((each) => each.template.version === version)
  }

  #refillOnce(): void {
    this.#evictOld()
    if (!this.#started || this.#pool.state !== 'active' || this.ending.aborted) return
    this.stats.add('refillRuns')
    const { scale } = this.scaler
    const expiring = this.#shelf.all.filter((each) => this.#isExpiring(each)).length
    const wanted = entriesToBegin({ fresh: this.#shelf.size - expiring, expiring, making: this.making, scale })
    this.#begin(wanted)
    if (wanted > 0 && this.making + this.#shelf.leaving === 0) this.#retryLater()
  }

  #begin(wanted: number): void {
    const { clock, random, promisedMemory } = this.#context
    const now = clock.monotonicMs()
    const allowed = this.#pacing.allow(Math.max(0, wanted), this.making, now)
    for (let begun = 0; begun < allowed; begun++) {
      if (this.#isFull()) return
      const { memoryMiB } = this.#pool.resources
      this.#hostFull = !this.#parts.fits(memoryMiB)
      if (this.#hostFull) return
      this.#pacing.begun(now)
      const id = newMachineId(random)
      promisedMemory.add(id, memoryMiB)
      this.#workshop.begin(id)
    }
    if (wanted <= 0) this.#hostFull = false
  }

  /** How many more may be begun. */
  get #room(): number {
    return this.scaler.scale.max - this.#shelf.size - this.making - this.#shelf.leaving
  }

  /** Then one that is soon too old may go, and once it is gone another is made; while nothing can be made it is better than none. */
  #isFull(): boolean {
    if (this.#room > 0) return false
    const entry =
      this.#shelf.leaving > 0 || this.#pacing.isFailing ? undefined : this.#shelf.take((each) => this.#isExpiring(each))
    if (entry) this.discard(entry)
    return true
  }

  /** The interval may be an hour. */
  #retryLater(): void {
    const { clock, loops } = this.#context
    const leastMs = this.#hostFull || this.#room <= 0 ? noRoomPauseMs : 1
    const pauseMs = Math.max(leastMs, this.#pacing.pauseMs(clock.monotonicMs()))
    this.#retry?.abort(new HearthError('cancelled', 'another look takes its place'))
    this.#retry?.release()
    const retry = new LinkedAbort(this.ending, loops.ending)
    this.#retry = retry
    loops.run(`refill pool ${this.#pool.name} again`, async () => {
      await clock.sleep(pauseMs, retry.signal)
      this.refill()
    })
  }

  /** One step towards a full pool; true when there is none left to do. */
  async #warmed(signal: AbortSignal, progress: Progress | undefined): Promise<boolean> {
    throwIfAborted(signal)
    const { max } = this.scaler.scale
    const ready = this.#shelf.size
    progress?.(`${ready} of ${max} machines are ready`, Math.min(1, ready / max))
    if (ready >= max) return true
    this.#begin(max - ready - this.making)
    if (this.making > 0) await orAborted(this.#workshop.next(), signal)
    else if (this.#hostFull) throw memoryIsSpent(this.#context, this.#pool.resources.memoryMiB)
    else {
      const { clock } = this.#context
      await clock.sleep(Math.max(1, this.#pacing.pauseMs(clock.monotonicMs())), signal)
    }
    const why = this.notProgressing
    if (why !== undefined) throw new HearthError('driver_unavailable', `pool ${this.#pool.name} makes no progress: ${why}`)
    return false
  }

  async #make(id: MachineId, signal: AbortSignal): Promise<HeldEntry> {
    const { clock, promisedMemory } = this.#context
    const pool = this.#pool
    const startedMs = clock.monotonicMs()
    const source = await this.#parts.source(pool).catch((error) => {
      promisedMemory.release(id)
      throw error
    })
    const entry = await makeEntry(this.#context, { id, pool, ...source, canary: false }, signal)
    this.scaler.made(clock.monotonicMs() - startedMs)
    return entry
  }

  #made(entry: HeldEntry): void {
    this.#reason = undefined
    this.#pacing.succeeded(this.#context.clock.monotonicMs())
    this.stats.add('created')
    this.#parts.judge({ version: entry.template.version })
    this.giveBack(entry)
  }

  #notMade(error: unknown): void {
    if (this.ending.aborted) return
    const reason = messageOf(error)
    this.#reason = reason
    this.#pacing.failed(reason, this.#context.clock.monotonicMs())
    this.stats.add('createFailed')
    this.stats.failed('make', reason)
    if (isHearthError(error, 'guest_error', 'personalise_failed')) this.stats.add('validationFailures')
    this.#context.log.warn('pool.entry_failed', { pool: this.#pool.name, error: reason })
    this.#parts.judge({ version: this.#pool.version, failure: reason })
  }

  #isExpiring({ readyAt }: HeldEntry): boolean {
    return readyAt <= this.#context.clock.now() - this.#pool.settings.entryMaxAgeMs * expiringShare
  }

  #evictOld(): void {
    const before = this.#context.clock.now() - this.#pool.settings.entryMaxAgeMs
    this.#shelf.sweep((each) => each.readyAt <= before)
  }
}

function isOf({ row, template }: HeldEntry, pool: Pool): boolean {
  return template.name === pool.template && row.driver === pool.driver
}
