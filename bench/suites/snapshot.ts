import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SnapshotManifest } from '@hearth/model'
import type { Machine } from '@hearth/sdk'
import { HearthUnderTest } from '../hearth-under-test.ts'
import type { Report } from '../report.ts'
import { percentile, type Summary, summarise } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'

const sizesMiB = [256, 1024] as const
const dirtyMiB = 30

/** How long a machine stands still for its snapshot, and how long the snapshot takes in all. */
export async function snapshotSuite({ pairs, log }: SuiteOptions): Promise<Report> {
  await using bench = await HearthUnderTest.start()
  const results: Summary[] = []
  const figures: Record<string, number> = {}
  for (const memoryMiB of sizesMiB) {
    const template = await bench.template(`bench-${memoryMiB}`, 'builtin:base', memoryMiB)
    const templatePauseMs = [(await manifestOfTemplate(bench, template)).pauseMs]
    results.push(summarise({ name: `template ${memoryMiB} MiB: pause`, samplesMs: templatePauseMs }))
    const pauseMs: number[] = []
    const totalMs: number[] = []
    for (let round = 0; round < Math.max(5, Math.round(pairs / 3)); round++) {
      const machine = await bench.hearth.launch(template, { boot: 'restored' })
      await dirty(machine, round)
      const began = performance.now()
      const snapshot = await machine.snapshot()
      totalMs.push(performance.now() - began)
      pauseMs.push((await manifestOf(bench, snapshot.id)).pauseMs)
      await machine.remove()
      await bench.hearth.snapshots.remove(snapshot.id)
    }
    log(`${memoryMiB} MiB done`)
    results.push(
      summarise({ name: `clone ${memoryMiB} MiB, ${dirtyMiB} MB dirty: pause`, samplesMs: pauseMs }),
      summarise({ name: `clone ${memoryMiB} MiB, ${dirtyMiB} MB dirty: total`, samplesMs: totalMs }),
    )
    const suffix = memoryMiB === 256 ? '' : `_${memoryMiB}`
    figures[`template_pause_ms${suffix}`] = percentile(templatePauseMs, 50)
    figures[`clone_pause_ms${suffix}`] = percentile(pauseMs, 50)
  }
  return { suite: 'snapshot', results, figures }
}

/** Writes random bytes where they stay in memory. */
async function dirty(machine: Machine, round: number): Promise<void> {
  const { code, stderr } = await machine.exec('/bin/dd', [
    'if=/dev/urandom',
    `of=/dev/shm/dirty-${round}`,
    'bs=1M',
    `count=${dirtyMiB}`,
  ])
  if (code !== 0) throw new Error(`dd ended with ${code}: ${stderr}`)
}

async function manifestOfTemplate(bench: HearthUnderTest, template: string): Promise<SnapshotManifest> {
  const machine = await bench.hearth.launch(template, { boot: 'restored' })
  await machine.remove()
  return manifestOf(bench, machine.data.boot?.snapshotId ?? '')
}

async function manifestOf(bench: HearthUnderTest, id: string): Promise<SnapshotManifest> {
  return JSON.parse(await readFile(join(bench.home, 'snapshots', id, 'manifest.json'), 'utf8')) as SnapshotManifest
}
