import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineResource } from '@hearth/protocol'
import { prepareFloor, restoreByHand } from '../floor.ts'
import { HearthUnderTest } from '../hearth-under-test.ts'
import { PoolClient } from '../pool/pool-client.ts'
import type { Report } from '../report.ts'
import { type Summary, summarise } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'
import { templateManifest } from '../template-manifest.ts'

const launches = 100
const poolSize = 20
/** Restores that are done by hand at the same time: more than there are cores gains nothing. */
const lanes = 4

/** A hundred launches at once on a pool of twenty, against the restores that the pool cannot save, done bare. */
export async function burstSuite({ log }: SuiteOptions): Promise<Report> {
  await using bench = await HearthUnderTest.start()
  const template = await bench.template('bench-base', 'builtin:base')
  // First, while nothing is refilled beside it.
  const restores = launches - poolSize
  log(`${restores} restores by hand`)
  const floorMs = await byHand(bench, template, restores)
  const client = new PoolClient(bench.home)
  await client.fill('bench-base', template, poolSize)
  log(`the pool is full; ${launches} launches at once`)
  const burst = await launchAll(client, log)
  await Promise.all(burst.machines.map(({ id }) => client.remove(id)))
  const served = (method: string) => burst.machines.filter(({ boot }) => boot?.method === method).length
  return {
    suite: 'burst',
    results: [...burst.results, summarise({ name: `${restores} restores by hand, all`, samplesMs: [floorMs] })],
    figures: {
      burst_failures: launches - burst.machines.length,
      burst_vs_floor: burst.wallMs / floorMs,
      burst_wall_ms: burst.wallMs,
      burst_warm: served('warm'),
      burst_restored: served('restored'),
      burst_cold: served('cold'),
    },
  }
}

interface Burst {
  readonly machines: readonly MachineResource[]
  readonly wallMs: number
  readonly results: readonly Summary[]
}

async function launchAll(client: PoolClient, log: SuiteOptions['log']): Promise<Burst> {
  const machines: MachineResource[] = []
  const samplesMs: number[] = []
  const began = performance.now()
  await Promise.all(
    Array.from({ length: launches }, async () => {
      try {
        machines.push(await client.launch('bench-base'))
        samplesMs.push(performance.now() - began)
      } catch (error) {
        log(`a launch failed: ${error}`)
        samplesMs.push(Number.POSITIVE_INFINITY)
      }
    }),
  )
  const wallMs = performance.now() - began
  return { machines, wallMs, results: [summarise({ name: `${launches} launches at once`, samplesMs })] }
}

async function byHand(bench: HearthUnderTest, template: string, count: number): Promise<number> {
  const manifest = await templateManifest(bench, template)
  let left = count
  const lane = async () => {
    const floor = prepareFloor(bench.home, manifest, await mkdtemp(join(bench.scratch, 'lane-')))
    while (left-- > 0) await restoreByHand(floor)
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: lanes }, lane))
  return performance.now() - began
}
