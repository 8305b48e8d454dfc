import type { PoolStatus } from '@hearth/engine'
import { type Clock, type EngineMeter, type Log, messageOf, type StateStore } from '@hearth/model'
import { Registry } from '@prometheus-io/client'
import { engineMetrics } from './engine-metrics.ts'
import { homeGauges } from './home-gauges.ts'
import { type HttpMeter, httpMetrics } from './http-metrics.ts'
import { createInstruments, type Instruments } from './instruments.ts'
import { measuredStore } from './measured-store.ts'
import { poolGauges } from './pool-gauges.ts'
import { processMetrics } from './process-metrics.ts'
import { type StateCounts, stateGauges } from './state-gauges.ts'

/** What `GET /metrics` answers. */
interface Scrape {
  readonly contentType: string
  readonly body: string
}

export interface MetricsParts {
  readonly version: string
  /** A folder on the file system whose free space counts. */
  readonly home: string
  readonly startedAt: number
  readonly clock: Clock
  readonly log: Log
}

/** All metrics of one server. */
export interface Metrics {
  readonly engine: EngineMeter
  readonly http: HttpMeter
  /** The same store, measured. */
  measured(store: StateStore): StateStore
  /** Shows these drivers' counters from 0 on: a series that begins with its first failure hides it from `increase()`. */
  knowDrivers(names: readonly string[]): void
  /** How rows are counted at a scrape; without it there are no gauges of them. */
  countBy(count: () => Promise<StateCounts>): void
  /** How pools are looked at, at a scrape; without it there are no gauges of them. */
  showPools(list: () => Promise<readonly PoolStatus[]>): void
  /** The present values. What cannot be had is left as it was, and counted. */
  scrape(): Promise<Scrape>
  close(): void
}

/** Makes the metrics of one server, in a registry of its own. */
export function createMetrics({ version, home, startedAt, clock, log }: MetricsParts): Metrics {
  const registry = new Registry()
  const instruments = createInstruments(registry)
  const ownProcess = processMetrics(instruments, clock, startedAt)
  const refreshers = new Map([
    ['process', () => ownProcess.refresh()],
    ['home', homeGauges(instruments, home)],
  ])
  instruments.buildInfo.set({ version, node: process.versions.node }, 1)
  showOutcomes(instruments)

  const refresh = async (part: string, refresher: () => Promise<void>) => {
    try {
      await refresher()
    } catch (error) {
      instruments.scrapeFailures.inc({ part })
      log.warn('metrics.part_failed', { part, error: messageOf(error) })
    }
  }
  return {
    engine: engineMetrics(instruments, clock),
    http: httpMetrics(instruments),
    measured: (store) => measuredStore(store, instruments, () => clock.monotonicMs()),
    knowDrivers(names) {
      for (const driver of names) showDriver(instruments, driver)
    },
    countBy: (count) => refreshers.set('state', stateGauges(instruments, count, clock)),
    showPools: (list) => refreshers.set('pools', poolGauges(instruments, list)),
    async scrape() {
      await Promise.all([...refreshers].map(([part, refresher]) => refresh(part, refresher)))
      return { contentType: registry.contentType, body: await registry.metrics() }
    },
    close: () => ownProcess.close(),
  }
}

function showOutcomes(metrics: Instruments): void {
  for (const outcome of ['ok', 'failed']) {
    metrics.cleanerRuns.inc({ outcome }, 0)
    metrics.reconcileRuns.inc({ outcome }, 0)
    metrics.scrubs.inc({ outcome }, 0)
  }
  metrics.scrubs.inc({ outcome: 'damaged' }, 0)
  for (const part of ['process', 'home', 'state', 'pools']) metrics.scrapeFailures.inc({ part }, 0)
}

function showDriver(metrics: Instruments, driver: string): void {
  for (const method of ['warm', 'restored', 'cold']) metrics.launches.inc({ driver, method, reason: 'none' }, 0)
  for (const kind of ['template', 'user', 'fork']) {
    for (const outcome of ['ready', 'failed']) metrics.snapshotsTaken.inc({ driver, kind, outcome }, 0)
  }
}
