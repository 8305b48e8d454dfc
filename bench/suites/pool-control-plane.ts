import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StateStore, silentLog } from '@hearth/model'
import { openSqliteStore } from '@hearth/store'
import type { Report } from '../report.ts'
import { percentile, summarise } from '../samples.ts'
import { EngineOnStore } from '../store/engine-on-store.ts'
import type { SuiteOptions } from '../suite-options.ts'

const poolSize = 20
const manyPools = 1000
const rounds = 25

/** What a claim costs besides the machine: engine, store and an in-memory driver, with one pool and with a thousand. */
export async function poolControlPlaneSuite({ log }: SuiteOptions): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-bench-pools-'))
  try {
    const one = await claimsOf(1, openIn(folder, 'one.db'))
    log('one pool: done')
    const many = await claimsOf(manyPools, openIn(folder, 'many.db'))
    log(`${manyPools} pools: done`)
    return {
      suite: 'pool-control-plane',
      results: [
        summarise({ name: 'claim, 1 pool (SQLite)', samplesMs: one.samplesMs }),
        summarise({ name: `claim, ${manyPools} pools (SQLite)`, samplesMs: many.samplesMs }),
      ],
      figures: {
        control_claims_per_s: one.perSecond,
        control_1000_pools_vs_1: percentile(many.samplesMs, 50) / percentile(one.samplesMs, 50),
      },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function openIn(folder: string, name: string): () => Promise<StateStore> {
  return () => openSqliteStore({ path: join(folder, name), host: 'bench', log: silentLog })
}

interface Claims {
  /** Each claim, made one after the other. */
  readonly samplesMs: number[]
  /** Twenty at once, again and again. */
  readonly perSecond: number
}

async function claimsOf(pools: number, open: () => Promise<StateStore>): Promise<Claims> {
  await using bed = await EngineOnStore.start(await open(), 'bench')
  await bed.pools(pools, poolSize)
  const samplesMs: number[] = []
  let atOnceMs = 0
  for (let round = 0; round < rounds; round++) {
    await bed.warm()
    for (let n = 0; n < poolSize; n++) samplesMs.push(await bed.claim())
    await bed.warm()
    const began = performance.now()
    await Promise.all(Array.from({ length: poolSize }, () => bed.claim()))
    atOnceMs += performance.now() - began
    await bed.endAll()
  }
  return { samplesMs, perSecond: (rounds * poolSize) / (atOnceMs / 1000) }
}
