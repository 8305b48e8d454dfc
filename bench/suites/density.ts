import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as elapse } from 'node:timers/promises'
import type { Machine } from '@hearth/sdk'
import { HearthUnderTest } from '../hearth-under-test.ts'
import type { Report } from '../report.ts'
import { percentile, type Summary, summarise } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'

const counts = [1, 10, 50] as const
const idleWindowMs = 5_000
const concurrency = 2
/** USER_HZ is 100 on every Linux that QEMU runs on (proc(5)). */
const msPerTick = 10

/** What idle clones of the base template cost after each has run a command: memory of their own, shared included, and processor time. */
export async function densitySuite({ log }: SuiteOptions): Promise<Report> {
  await using bench = await HearthUnderTest.start()
  const template = await bench.template('bench-base', 'builtin:base')
  const machines: Machine[] = []
  const results: Summary[] = []
  const figures: Record<string, number> = {}
  for (const count of counts) {
    while (machines.length < count) {
      const wanted = Math.min(concurrency, count - machines.length)
      const started = await Promise.all(Array.from({ length: wanted }, () => bench.hearth.launch(template, { boot: 'restored' })))
      await Promise.all(started.map((machine) => machine.exec('/bin/true')))
      machines.push(...started)
    }
    log(`${count} clones run; watching them for ${idleWindowMs / 1000} s`)
    const pids = await Promise.all(machines.map((machine) => pidOf(bench, machine)))
    const memory = await Promise.all(pids.map(memoryOf))
    const busyShare = await cpuShare(pids)
    results.push(
      summarise({ name: `${count} clones: anonymous MiB each`, samplesMs: memory.map(({ anonymousMiB }) => anonymousMiB) }),
    )
    results.push(summarise({ name: `${count} clones: PSS MiB each`, samplesMs: memory.map(({ pssMiB }) => pssMiB) }))
    figures[`clone_anon_mib_${count}`] = percentile(
      memory.map(({ anonymousMiB }) => anonymousMiB),
      50,
    )
    figures[`clone_pss_mib_${count}`] = percentile(
      memory.map(({ pssMiB }) => pssMiB),
      50,
    )
    figures[`idle_cpu_percent_each_${count}`] = (busyShare * 100) / count
  }
  await Promise.all(machines.map((machine) => machine.pause()))
  const pids = await Promise.all(machines.map((machine) => pidOf(bench, machine)))
  return {
    suite: 'density',
    results,
    figures: {
      clone_anon_mib: figures.clone_anon_mib_10 ?? Number.NaN,
      ...figures,
      paused_cpu_percent_each: (await cpuShare(pids)) * 100,
    },
  }
}

/** From the machine's record: asking the API would make the guest measure itself, which is use, too. */
async function pidOf(bench: HearthUnderTest, machine: Machine): Promise<number> {
  const record = await readFile(join(bench.home, 'machines', machine.id, 'machine.json'), 'utf8')
  return (JSON.parse(record) as { pid: number }).pid
}

async function memoryOf(pid: number): Promise<{ anonymousMiB: number; pssMiB: number }> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8')
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024
  return { anonymousMiB: mib('Anonymous'), pssMiB: mib('Pss') }
}

/** The share of one processor that all of them use together while nobody talks to them. */
async function cpuShare(pids: readonly number[]): Promise<number> {
  const before = await busyMs(pids)
  const began = performance.now()
  // Measuring idleness is waiting: there is no event to wait for.
  await elapse(idleWindowMs)
  return ((await busyMs(pids)) - before) / (performance.now() - began)
}

async function busyMs(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) * msPerTick
    }),
  )
  return each.reduce((sum, value) => sum + value, 0)
}
