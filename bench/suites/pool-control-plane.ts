import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StateStore, silentLog } from '@hearth/model'
import { openPostgresStore, openSqliteStore } from '@hearth/store'
import { PostgresServer } from '../../test/support/postgres.ts'
import { claimOfTwoServers } from '../pool/two-servers.ts'
import type { Report } from '../report.ts'
import { percentile, type Summary, summarise } from '../samples.ts'
import { EngineOnStore } from '../store/engine-on-store.ts'
import type { SuiteOptions } from '../suite-options.ts'

const host = 'bench'
const claimsAtOnce = 1000
const poolSize = 20
const manyPools = 1000
const rounds = 25

/**
 * What a claim costs besides the machine: engine, store and an in-memory driver, with one pool and with a thousand, on each kind of
 * store; and what two server processes make of a thousand launches at once.
 */
export async function poolControlPlaneSuite({ log }: SuiteOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-bench-pools-'))
  try {
    let files = 0
    const sqlite = await measure('SQLite', log, () => {
      files += 1
      return openSqliteStore({ path: join(folder, `${files}.db`), host, log: silentLog })
    })
    await using server = await PostgresServer.start({ durable: true })
    const postgres = await measure('PostgreSQL', log, async () =>
      openPostgresStore({ url: await server.database(), host, log: silentLog }),
    )
    const two = await claimOfTwoServers(claimsAtOnce)
    log('two servers: done')
    const ofTwo = { name: `${claimsAtOnce} claims at once, two servers`, samplesMs: two.samplesMs }
    return {
      suite: 'pool-control-plane',
      results: [...sqlite.results, ...postgres.results, summarise(ofTwo)],
      figures: {
        control_claims_per_s: sqlite.perSecond,
        control_1000_pools_vs_1: sqlite.manyVsOne,
        control_claims_per_s_postgres: postgres.perSecond,
        control_1000_pools_vs_1_postgres: postgres.manyVsOne,
        two_servers_claims: two.warm,
        two_servers_duplicates: two.duplicates,
      },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Measured {
  readonly results: readonly Summary[]
  readonly perSecond: number
  readonly manyVsOne: number
}

/** One pool and many by turns, so that the host's moods meet both. */
async function measure(kind: string, log: SuiteOptions['log'], open: () => Promise<StateStore>): Promise<Measured> {
  await using one = await EngineOnStore.start(await open(), host)
  await using many = await EngineOnStore.start(await open(), host)
  await one.pools(1, poolSize)
  await many.pools(manyPools, poolSize)
  log(`${kind}: pools are there`)
  const [ofOne, ofMany]: [Claims, Claims] = [newClaims(), newClaims()]
  for (let round = 0; round < rounds; round++) {
    await claimRound(one, ofOne)
    await claimRound(many, ofMany)
  }
  log(`${kind}: done`)
  return {
    results: [
      summarise({ name: `claim, 1 pool (${kind})`, samplesMs: ofOne.samplesMs }),
      summarise({ name: `claim, ${manyPools} pools (${kind})`, samplesMs: ofMany.samplesMs }),
    ],
    perSecond: (rounds * poolSize) / (ofOne.atOnceMs / 1000),
    manyVsOne: percentile(ofMany.samplesMs, 50) / percentile(ofOne.samplesMs, 50),
  }
}

interface Claims {
  /** Each claim, made one after the other. */
  readonly samplesMs: number[]
  /** All rounds of twenty at once together. */
  atOnceMs: number
}

function newClaims(): Claims {
  return { samplesMs: [], atOnceMs: 0 }
}

async function claimRound(bed: EngineOnStore, claims: Claims): Promise<void> {
  await bed.warm()
  for (let n = 0; n < poolSize; n++) claims.samplesMs.push(await bed.claim())
  await bed.warm()
  const began = performance.now()
  await Promise.all(Array.from({ length: poolSize }, () => bed.claim()))
  claims.atOnceMs += performance.now() - began
  await bed.endAll()
}
