import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StateStore, silentLog } from '@hearth/model'
import { openPostgresStore, openSqliteStore } from '@hearth/store'
import { PostgresServer } from '../../test/support/postgres.ts'
import type { Report } from '../report.ts'
import { percentile, type Summary, summarise } from '../samples.ts'
import { EngineOnStore } from '../store/engine-on-store.ts'
import { fillStore } from '../store/fill-store.ts'
import { rowTimings } from '../store/row-timings.ts'
import type { SuiteOptions } from '../suite-options.ts'

const host = 'bench'
const rowsOfEach = 10_000
const warmUp = 30
const perPair = 10

interface Measured {
  readonly results: readonly Summary[]
  readonly fullVsEmpty: number
}

/** What state costs: each operation, and a launch with much in the store beside one with nothing. */
export async function storeSuite({ pairs, log }: SuiteOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-bench-store-'))
  try {
    let files = 0
    const sqlite = await measure('sqlite', pairs, log, () => {
      files += 1
      return openSqliteStore({ path: join(folder, `${files}.db`), host, log: silentLog })
    })
    await using server = await PostgresServer.start({ durable: true })
    const postgres = await measure('postgres', pairs, log, async () => {
      return openPostgresStore({ url: await server.database(), host, log: silentLog })
    })
    const figures = { full_vs_empty_sqlite: sqlite.fullVsEmpty, full_vs_empty_postgres: postgres.fullVsEmpty }
    return { suite: 'store', results: [...sqlite.results, ...postgres.results], figures }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(
  kind: string,
  pairs: number,
  log: SuiteOptions['log'],
  open: () => Promise<StateStore>,
): Promise<Measured> {
  await using empty = await EngineOnStore.start(await open(), host)
  await using full = await EngineOnStore.start(await open(), host)
  await fillStore(full.store, host, rowsOfEach)
  log(`${kind}: filled`)
  for (let n = 0; n < warmUp; n++) for (const each of [empty, full]) await each.launch()
  const emptyMs: number[] = []
  const fullMs: number[] = []
  for (let n = 0; n < pairs * perPair; n++) {
    // By turns, and each first as often as the other, so that the host's moods meet both.
    if (n % 2 === 0) emptyMs.push(await empty.launch())
    fullMs.push(await full.launch())
    if (n % 2 === 1) emptyMs.push(await empty.launch())
    // Else it would not be empty for long.
    await empty.store.machines.pruneEnded(Number.MAX_SAFE_INTEGER)
  }
  log(`${kind}: launched`)
  const rows = await rowTimings(kind, full.store, Math.max(100, pairs * 5))
  log(`${kind}: rows`)
  const results = [
    summarise({ name: `${kind}: launch, empty store`, samplesMs: emptyMs }),
    summarise({ name: `${kind}: launch, ${rowsOfEach} machines and snapshots`, samplesMs: fullMs }),
    ...rows,
  ]
  return { results, fullVsEmpty: percentile(fullMs, 50) / percentile(emptyMs, 50) }
}
