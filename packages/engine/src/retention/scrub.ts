import { isHearthError, messageOf, type SnapshotId } from '@hearth/model'
import type { Context } from '../context.ts'
import { verifySnapshot } from '../snapshots/verify-snapshot.ts'
import { every, slept } from '../time/every.ts'
import { everySnapshot } from './every-snapshot.ts'

/** How often it is looked for snapshots that are due. */
const lookMs = 3_600_000
/** After the start, when there is more important work. */
const firstLookMs = 300_000

/** Reads snapshots again in the background, one at a time with pauses, the one first whose last reading is longest ago. */
export class Scrub {
  readonly #context: Context
  #routine: Promise<void> = Promise.resolve()

  constructor(context: Context) {
    this.#context = context
  }

  /** Until the engine closes. */
  start(): void {
    const { clock, options, background, log } = this.#context
    if (options.scrubAfterMs === 0) return
    const intervals = { firstMs: firstLookMs, intervalMs: lookMs }
    this.#routine = every(clock, intervals, background.ending, async () => {
      await this.#round().catch((error) => {
        if (!isHearthError(error, 'cancelled')) log.error('scrub.failed', { error: messageOf(error) })
      })
    })
  }

  /** Resolves when nothing of it runs any more, once the engine is closing. */
  stopped(): Promise<void> {
    return this.#routine
  }

  async #round(): Promise<void> {
    const { clock, options, background } = this.#context
    for (const id of await this.#due()) {
      if (background.ending.aborted) return
      await this.#verify(id)
      if (!(await slept(clock, options.scrubPauseMs, background.ending))) return
    }
  }

  async #due(): Promise<SnapshotId[]> {
    const { store, host, clock, options, background } = this.#context
    const before = clock.now() - options.scrubAfterMs
    const due: { readonly id: SnapshotId; readonly at: number }[] = []
    for await (const row of everySnapshot(store, { host, states: ['ready'] }, background.ending)) {
      const at = row.verifiedAt ?? row.createdAt
      if (at <= before) due.push({ id: row.id, at })
    }
    return due.sort((a, b) => a.at - b.at).map((each) => each.id)
  }

  async #verify(id: SnapshotId): Promise<void> {
    const { rows, meter, log } = this.#context
    const row = await rows.snapshots.find(id)
    if (row?.state !== 'ready') return
    const bytes = row.sizeBytes ?? 0
    try {
      const { ok } = await verifySnapshot(this.#context, row)
      meter.scrubbed({ outcome: ok ? 'ok' : 'damaged', bytes })
      log.info('scrub.verified', { snapshot: id, ok })
    } catch (error) {
      if (isHearthError(error, 'cancelled', ...gone)) return
      meter.scrubbed({ outcome: 'failed', bytes })
      log.warn('scrub.unread', { snapshot: id, error: messageOf(error) })
    }
  }
}

/** What a removal in between looks like. */
const gone = ['snapshot_not_found', 'snapshot_not_ready'] as const satisfies readonly Parameters<typeof isHearthError>[1][]
