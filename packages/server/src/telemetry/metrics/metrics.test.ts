import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '@hearth/conformance'
import { HearthError, type Log, type StateStore, silentLog } from '@hearth/model'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createMetrics, type Metrics } from './create-metrics.ts'
import type { StateCounts } from './state-gauges.ts'

const home = mkdtempSync(join(tmpdir(), 'hearth-metrics-'))
afterAll(() => rmSync(home, { recursive: true }))

let clock: ManualClock
let metrics: Metrics
beforeEach(() => {
  clock = new ManualClock()
  metrics = make()
})
afterEach(() => metrics.close())

function make(change: { home?: string; log?: Log } = {}): Metrics {
  return createMetrics({ version: '1.2.3', home, startedAt: 5000, clock, log: silentLog, ...change })
}

/** `name{labels}` to value, of every series whose name begins so. */
async function series(prefix: string, of = metrics): Promise<Record<string, number>> {
  const { body } = await of.scrape()
  const lines = body.split('\n').filter((line) => line.startsWith(prefix))
  return Object.fromEntries(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]))
}

const boot = { reasons: [], phasesMs: {}, totalMs: 40, poolHit: false } as const
const launch = { machine: 'm-1', driver: 'qemu', template: 'base@1', startedAt: 0 } as const

describe('launches', () => {
  it('are counted by method and by the reason that decided, and timed in seconds with their phases', async () => {
    metrics.engine.launched({ ...launch, boot: { ...boot, method: 'restored', phasesMs: { plan: 1, restore: 38, dance: 1 } } })
    const reasons = [
      { code: 'pool_empty', detail: 'a' },
      { code: 'snapshot_corrupt', detail: 'b' },
    ] as const
    metrics.engine.launched({ ...launch, boot: { ...boot, method: 'cold', reasons } })
    expect(await series('hearth_launches_total')).toEqual({
      'hearth_launches_total{driver="qemu",method="restored",reason="none"}': 1,
      'hearth_launches_total{driver="qemu",method="cold",reason="snapshot_corrupt"}': 1,
    })
    expect(await series('hearth_launch_duration_seconds_sum')).toMatchObject({
      'hearth_launch_duration_seconds_sum{driver="qemu",method="restored"}': 0.04,
    })
    expect(await series('hearth_launch_duration_seconds_bucket{le="0.001"')).not.toEqual({})
    expect(await series('hearth_launch_phase_duration_seconds_sum')).toEqual({
      'hearth_launch_phase_duration_seconds_sum{method="restored",phase="plan"}': 0.001,
      'hearth_launch_phase_duration_seconds_sum{method="restored",phase="restore"}': 0.038,
      'hearth_launch_phase_duration_seconds_sum{method="restored",phase="other"}': 0.001,
    })
  })

  it('that fail are counted by code, and no other word becomes one', async () => {
    metrics.engine.launchFailed({ driver: 'qemu', code: 'driver_timeout', tookMs: 1 })
    metrics.engine.launchFailed({ driver: 'qemu', code: 'constructor', tookMs: 1 })
    expect(await series('hearth_launch_failures_total')).toEqual({
      'hearth_launch_failures_total{driver="qemu",code="driver_timeout"}': 1,
      'hearth_launch_failures_total{driver="qemu",code="internal"}': 1,
    })
  })
})

it('counts what drivers fail to do, by kinds that are known', async () => {
  metrics.engine.driverFailed({ driver: 'qemu', operation: 'boot', kind: 'Timeout' })
  metrics.engine.driverFailed({ driver: 'qemu', operation: 'boot', kind: 'Bored' })
  expect(await series('hearth_driver_errors_total')).toEqual({
    'hearth_driver_errors_total{driver="qemu",operation="boot",kind="Timeout"}': 1,
    'hearth_driver_errors_total{driver="qemu",operation="boot",kind="Internal"}': 1,
  })
})

it('shows counters of a known driver from 0 on, so that the first failure is an increase', async () => {
  metrics.knowDrivers(['qemu'])
  const failed = 'hearth_snapshots_taken_total{driver="qemu",kind="user",outcome="failed"}'
  expect((await series('hearth_snapshots_taken'))[failed]).toBe(0)
  metrics.engine.snapshotEnded({ kind: 'user', driver: 'qemu', outcome: 'failed', tookMs: 9 })
  expect((await series('hearth_snapshots_taken'))[failed]).toBe(1)
  expect(await series('hearth_snapshot_duration_seconds_count')).toEqual({})
})

it('tells when the cleaner last ended well, and what it freed', async () => {
  const run = { removed: 2, freedBytes: 4096, tookMs: 1500 }
  expect(await series('hearth_cleaner_last_success')).toEqual({ hearth_cleaner_last_success_timestamp_seconds: 0 })
  await clock.advance(60_000)
  metrics.engine.cleanerRan({ outcome: 'ok', ...run })
  const success = clock.now() / 1000
  await clock.advance(60_000)
  metrics.engine.cleanerRan({ outcome: 'failed', ...run, removed: 0, freedBytes: 0 })
  expect(await series('hearth_cleaner_')).toEqual({
    'hearth_cleaner_runs_total{outcome="ok"}': 1,
    'hearth_cleaner_runs_total{outcome="failed"}': 1,
    hearth_cleaner_removed_total: 2,
    hearth_cleaner_freed_bytes_total: 4096,
    hearth_cleaner_last_run_duration_seconds: 1.5,
    hearth_cleaner_last_success_timestamp_seconds: success,
  })
})

describe('rows', () => {
  const counts: StateCounts = {
    machines: [{ state: 'running', count: 3 }],
    snapshots: [{ kind: 'user', state: 'ready', count: 2, bytes: 100 }],
  }

  it('are counted at a scrape, at most every few seconds, and a state that is empty again shows 0', async () => {
    const count = vi.fn(async () => counts)
    metrics.countBy(count)
    expect(await series('hearth_machines')).toMatchObject({
      'hearth_machines{state="running"}': 3,
      'hearth_machines{state="lost"}': 0,
    })
    expect(await series('hearth_snapshots_bytes')).toMatchObject({ 'hearth_snapshots_bytes{kind="user",state="ready"}': 100 })
    expect(count).toHaveBeenCalledTimes(1)
    await clock.advance(5000)
    count.mockResolvedValue({ machines: [], snapshots: [] })
    expect(await series('hearth_machines{state="running"')).toEqual({ 'hearth_machines{state="running"}': 0 })
    expect(count).toHaveBeenCalledTimes(2)
  })

  it('that cannot be counted leave the rest of the scrape as it is', async () => {
    metrics.countBy(async () => {
      throw new HearthError('store_unavailable', 'away')
    })
    expect(await series('hearth_scrape_failures_total{part="state"')).toEqual({ 'hearth_scrape_failures_total{part="state"}': 1 })
    expect(await series('hearth_machines')).toEqual({})
    expect(await series('hearth_build_info')).not.toEqual({})
  })
})

it('tells what the process takes, and how full the file system of the home is', async () => {
  expect((await series('process_resident')).process_resident_memory_bytes).toBeGreaterThan(10 * 1024 ** 2)
  expect((await series('process_start')).process_start_time_seconds).toBe(5)
  const { hearth_home_filesystem_free_bytes: free = 0, hearth_home_filesystem_size_bytes: size = 0 } = await series('hearth_home')
  expect(free).toBeGreaterThan(0)
  expect(size).toBeGreaterThan(free)
  const gone = make({ home: join(home, 'gone') })
  expect(await series('hearth_scrape_failures_total{part="home"', gone)).toEqual({
    'hearth_scrape_failures_total{part="home"}': 1,
  })
  gone.close()
})

describe('the measured store', () => {
  const failing = new HearthError('store_conflict', 'taken')

  class Machines {
    readonly #rows = new Map([['m-1', { id: 'm-1' }]])
    async get(id: string) {
      return this.#rows.get(id)
    }
    async update() {
      throw failing
    }
    watch() {
      return () => 'stopped'
    }
  }

  it('answers as the store does, and times each operation by table', async () => {
    const store = metrics.measured({ machines: new Machines(), ping: async () => undefined } as unknown as StateStore)
    expect(await store.machines.get('m-1' as never)).toEqual({ id: 'm-1' })
    await expect(store.machines.update('m-1' as never, 1, {})).rejects.toBe(failing)
    await store.ping()
    expect(store.machines.get).toBe(store.machines.get)
    expect((store.machines as unknown as Machines).watch()()).toBe('stopped')
    expect(await series('hearth_store_operation_duration_seconds_count')).toEqual({
      'hearth_store_operation_duration_seconds_count{table="machines",operation="get"}': 1,
      'hearth_store_operation_duration_seconds_count{table="machines",operation="update"}': 1,
      'hearth_store_operation_duration_seconds_count{table="store",operation="ping"}': 1,
    })
    expect(await series('hearth_store_errors_total')).toEqual({
      'hearth_store_errors_total{table="machines",operation="update",code="store_conflict"}': 1,
    })
  })
})
