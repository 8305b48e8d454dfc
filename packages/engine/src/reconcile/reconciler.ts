import { type MachineDriver, messageOf } from '@hearth/model'
import type { Context } from '../context.ts'
import { readDeadlines } from '../deadlines/watch-deadlines.ts'
import { settlePending } from '../idempotency/resolve-pending.ts'
import { attempt } from '../time/background.ts'
import { every, slept } from '../time/every.ts'
import type { Found } from './plan-machines.ts'
import { type MachinesReport, reconcileMachines, settleMachines } from './reconcile-machines.ts'
import { FileWatch, reconcileSnapshots, settleSnapshots } from './reconcile-snapshots.ts'
import { reconcileTemplates } from './reconcile-templates.ts'
import type { ReconcileReport } from './report.ts'

/** How long after a change that the store did not answer. Others were cut short with it, and are given up by then. */
const afterOutageMs = 1000

/** Makes the rows of this host and what its drivers have agree: wholly at start, and on an interval what has come apart since. */
export class Reconciler {
  readonly #context: Context
  /** The drivers that could look at their host at start; what the others have is left alone until the next start. */
  readonly #looked = new Set<string>()
  readonly #files = new FileWatch()
  #routine: Promise<void> = Promise.resolve()
  #mending = false

  constructor(context: Context) {
    this.#context = context
    context.outages.listen(() => this.#mendSoon())
  }

  /** Once, before anything else is done: whatever is half done was left by an earlier server. */
  start(): Promise<ReconcileReport> {
    return this.#measured(async () => {
      const found: Found[] = []
      for (const driver of this.#context.drivers.all) {
        // A driver that cannot look at its host keeps its rows as they are; the other drivers' machines are served all the same.
        await attempt(this.#context.log, `adopt the machines of ${driver.name}`, async () => {
          found.push({ driver: driver.name, machines: await driver.adopt() })
          this.#looked.add(driver.name)
        })
      }
      // Machines first, for they hold snapshots; then snapshots, for they hold templates.
      const machines = await reconcileMachines(this.#context, found)
      return this.#rest(machines, () => reconcileSnapshots(this.#context, this.#looked))
    })
  }

  /** Again on an interval, until the engine closes. */
  repeat(): void {
    const { clock, options, background, log } = this.#context
    const { reconcileIntervalMs: intervalMs } = options
    if (intervalMs === 0) return
    this.#routine = every(clock, { firstMs: intervalMs, intervalMs }, background.ending, async () => {
      await this.again().catch((error) => log.error('reconcile.failed', { error: messageOf(error) }))
    })
  }

  /** Resolves when nothing of it runs any more, once the engine is closing. */
  stopped(): Promise<void> {
    return this.#routine
  }

  /** Beside all that is under way: what somebody works on is left to them, and what differs is compared once more in its turn. */
  again(): Promise<ReconcileReport> {
    const { turns, background } = this.#context
    return turns.take('reconcile', [background.ending], () =>
      this.#measured(async () => {
        const machines = await settleMachines(this.#context, this.#drivers())
        await readDeadlines(this.#context)
        return this.#rest(machines, () => settleSnapshots(this.#context, this.#drivers(), this.#files))
      }),
    )
  }

  /** A change was cut short: compares again as soon as the store answers. */
  #mendSoon(): void {
    if (this.#mending) return
    this.#mending = true
    this.#context.background.run('compare after an outage of the store', async (ending) => {
      try {
        while (await slept(this.#context.clock, afterOutageMs, ending)) {
          if (await attempt(this.#context.log, 'reach the store', () => this.#context.store.ping())) break
        }
      } finally {
        // What is cut short from here on is for another look.
        this.#mending = false
      }
      await this.again()
    })
  }

  async #rest(machines: MachinesReport, settle: () => Promise<ReconcileReport['snapshots']>): Promise<ReconcileReport> {
    const snapshots = await settle()
    const templates = await reconcileTemplates(this.#context, this.#looked)
    // Last: what became of a request is what its rows say now.
    const forgottenRequests = await settlePending(this.#context)
    return { ...machines, snapshots, templates, forgottenRequests }
  }

  #drivers(): MachineDriver[] {
    return this.#context.drivers.all.filter((each) => this.#looked.has(each.name))
  }

  async #measured(work: () => Promise<ReconcileReport>): Promise<ReconcileReport> {
    const { clock, meter, log } = this.#context
    const startedAt = clock.monotonicMs()
    const tookMs = () => Math.round(clock.monotonicMs() - startedAt)
    try {
      const report = await work()
      const counts = countsOf(report)
      const changed = Object.values(counts).reduce((sum, each) => sum + each, 0)
      meter.reconcileRan({ outcome: 'ok', changed, tookMs: tookMs() })
      const facts = { adopted: report.adopted.length, ...counts, tookMs: tookMs() }
      if (changed + facts.adopted > 0) log.info('reconcile.done', facts)
      else log.debug('reconcile.done', facts)
      return report
    } catch (error) {
      meter.reconcileRan({ outcome: 'failed', changed: 0, tookMs: tookMs() })
      throw error
    }
  }
}

function countsOf(report: ReconcileReport) {
  const { lost, rolledBack, orphans, snapshots, templates, forgottenRequests } = report
  return {
    lost: lost.length,
    rolledBack: rolledBack.length,
    orphans: orphans.length,
    snapshots: snapshots.length,
    templates: templates.length,
    forgottenRequests,
  }
}
