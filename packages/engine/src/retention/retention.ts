import { isHearthError, messageOf, type Name, type Namespace, parseName, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { mustExist } from '../namespaces/limits.ts'
import { removeSnapshot } from '../snapshots/remove-snapshot.ts'
import { throwIfAborted } from '../time/abort.ts'
import { every } from '../time/every.ts'
import type { EngineRetention, FailedRemoval, Removal, RetentionOptions, RetentionReport } from './engine-retention.ts'
import { everySnapshot } from './every-snapshot.ts'
import { type PlannedRemoval, planRetention, type RetentionPlan, type SnapshotFacts } from './plan-retention.ts'
import { pruneRows } from './prune-rows.ts'

/** The first run is not put off by servers that are restarted often. */
const firstRunMs = 60_000

/** The cleaner. */
export class Retention implements EngineRetention {
  readonly #context: Context
  #last: RetentionReport | undefined
  #routine: Promise<void> = Promise.resolve()

  constructor(context: Context) {
    this.#context = context
  }

  /** Runs on an interval until the engine closes. */
  start(): void {
    const { clock, options, background } = this.#context
    const { cleanerIntervalMs: intervalMs } = options
    if (intervalMs === 0) return
    const firstMs = Math.min(firstRunMs, intervalMs)
    this.#routine = every(clock, { firstMs, intervalMs }, background.ending, async () => {
      await this.run().catch((error) => this.#context.log.error('cleaner.failed', { error: messageOf(error) }))
    })
  }

  /** Resolves when nothing of it runs any more, once the engine is closing. */
  stopped(): Promise<void> {
    return this.#routine
  }

  lastRun(): RetentionReport | undefined {
    return this.#last
  }

  run(options: RetentionOptions = {}): Promise<RetentionReport> {
    const { background, turns } = this.#context
    return turns.take('cleaner', [options.signal, background.ending], (signal) => this.#run(options, signal))
  }

  async #run({ dryRun = false, namespace }: RetentionOptions, signal: AbortSignal): Promise<RetentionReport> {
    const { clock, meter } = this.#context
    const startedAt = clock.now()
    const begin = clock.monotonicMs()
    const only = namespace === undefined ? undefined : await mustExist(this.#context, parseName(namespace, 'namespace'))
    try {
      const plan = await this.#plan(only, signal)
      const planned = plan.removals.filter(({ row }) => row.host === this.#context.host)
      const outcome = dryRun ? { removed: planned.map(removalOf), failed: [] } : await this.#carryOut(planned, signal)
      const forgotten = dryRun || only ? undefined : await pruneRows(this.#context)
      const freedBytes = outcome.removed.reduce((sum, each) => sum + each.sizeBytes, 0)
      const tookMs = Math.round(clock.monotonicMs() - begin)
      const report = {
        dryRun,
        startedAt,
        tookMs,
        ...outcome,
        freedBytes,
        stillOver: plan.stillOver,
        ...(forgotten && { forgotten }),
      }
      if (!dryRun) await this.#note(report)
      return report
    } catch (error) {
      const cancelled = signal.aborted || isHearthError(error, 'cancelled')
      if (!dryRun && !cancelled) {
        meter.cleanerRan({ outcome: 'failed', removed: 0, freedBytes: 0, tookMs: clock.monotonicMs() - begin })
      }
      throw error
    }
  }

  /** Over the snapshots of all hosts, for limits are everybody's; what lies on another host its own server removes. */
  async #plan(only: Namespace | undefined, signal: AbortSignal): Promise<RetentionPlan> {
    const { store, clock, options, snapshotUses } = this.#context
    const rows: SnapshotFacts[] = []
    for await (const row of everySnapshot(store, {}, signal)) rows.push(factsOf(row))
    const inUse = new Set(rows.map((row) => row.id).filter((id) => !snapshotUses.isIdle(id)))
    for (const { restoredFrom } of await store.machines.live()) if (restoredFrom) inUse.add(restoredFrom)
    const namespaces = new Map<Name, Namespace>((only ? [only] : await store.namespaces.list()).map((each) => [each.name, each]))
    const facts = {
      now: clock.now(),
      failedKeptMs: options.failedSnapshotsKeptMs,
      namespaces,
      inUse,
      ...(only && { only: only.name }),
    }
    return planRetention(rows, facts)
  }

  async #carryOut(planned: readonly PlannedRemoval[], signal: AbortSignal): Promise<Pick<RetentionReport, 'removed' | 'failed'>> {
    const removed: Removal[] = []
    const failed: FailedRemoval[] = []
    for (const each of planned) {
      throwIfAborted(signal)
      const removal = removalOf(each)
      const failure = await this.#remove(each)
      if (failure === undefined) removed.push(removal)
      else failed.push({ ...removal, ...failure })
    }
    return { removed, failed }
  }

  async #remove({ row, reason }: PlannedRemoval): Promise<Pick<FailedRemoval, 'failure' | 'kept'> | undefined> {
    const { rows, log } = this.#context
    try {
      const now = await rows.snapshots.find(row.id)
      if (now) await removeSnapshot(this.#context, now, { unless: (latest) => whyKept(row, latest) })
      log.info('cleaner.removed', { snapshot: row.id, namespace: row.namespace, reason })
      return undefined
    } catch (error) {
      log.warn('cleaner.kept', { snapshot: row.id, reason, error: messageOf(error) })
      return { failure: messageOf(error), kept: isHearthError(error, 'snapshot_in_use') }
    }
  }

  async #note(report: RetentionReport): Promise<void> {
    const { meter, log, store, host, clock } = this.#context
    this.#last = report
    const { tookMs, freedBytes, failed, forgotten } = report
    const removed = report.removed.length
    meter.cleanerRan({ outcome: failed.every((each) => each.kept) ? 'ok' : 'failed', removed, freedBytes, tookMs })
    log.info('cleaner.ran', { removed, freedBytes, failed: failed.length, tookMs, ...forgotten })
    if (removed + failed.length === 0) return
    const data = { removed, failed: failed.length, freedBytes }
    await store.events.append({ at: clock.now(), kind: 'cleaner', id: host, state: 'ran', removed: false, data })
  }
}

/** What somebody did since the plan was made. */
function whyKept(planned: SnapshotFacts, now: Snapshot): string | undefined {
  if (now.pinned) return 'it was pinned meanwhile'
  return now.ttlMs === planned.ttlMs ? undefined : 'its TTL was changed meanwhile'
}

function removalOf({ row, reason }: PlannedRemoval): Removal {
  const { id, namespace, tag, createdAt, sizeBytes = 0 } = row
  return { snapshot: id, namespace, reason, ...(tag !== undefined && { tag }), createdAt, sizeBytes }
}

/** Without the manifest, which may be large. */
function factsOf(row: SnapshotFacts): SnapshotFacts {
  const { id, namespace, host, kind, state, source, pinned, ttlMs, createdAt } = row
  const { parent, sizeBytes, tag } = row
  return {
    ...{ id, namespace, host, kind, state, source, pinned, ttlMs, createdAt },
    ...(parent && { parent }),
    ...(sizeBytes !== undefined && { sizeBytes }),
    ...(tag !== undefined && { tag }),
  }
}
