import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { putEndedMachines } from '../http/many-machines.ts'
import { compileServer, ServerProcess } from '../http/server-process.ts'
import { Worker } from '../http/worker.ts'
import type { Report } from '../report.ts'
import { percentile, type Summary, summarise } from '../samples.ts'
import type { SuiteOptions } from '../suite-options.ts'

const restingMachines = 20
const restMs = 20_000
const settleMs = 3000
const machinesInStore = 10_000
const loadMs = 5000
const connections = 16
const warmUp = 100
const perRound = 20

/** What the API costs: real server process, SQLite, machines in memory, the client in a process of its own. */
export async function httpSuite({ pairs, log }: SuiteOptions): Promise<Report> {
  compileServer()
  const home = await mkdtemp(join(tmpdir(), 'hearth-bench-http-'))
  try {
    const idle = await atRest(join(home, 'idle'), log)
    const busy = await underLoad(join(home, 'busy'), pairs, log)
    return { suite: 'http', results: busy.results, figures: { ...busy.figures, ...idle } }
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

async function atRest(home: string, log: SuiteOptions['log']): Promise<Record<string, number>> {
  await using server = await ServerProcess.start(home)
  await using client = Worker.client(server.socket)
  await buildBase(client)
  await client.series({ method: 'POST', path: '/v1/machines', body: { template: 'base' } }, restingMachines)
  await pass(settleMs)
  const before = server.cpuSeconds()
  await pass(restMs)
  const cpuPercent = ((server.cpuSeconds() - before) / (restMs / 1000)) * 100
  log('at rest: done')
  return { idle_rss_mib: server.residentMiB(), idle_cpu_percent: cpuPercent }
}

async function underLoad(home: string, pairs: number, log: SuiteOptions['log']) {
  await putEndedMachines(home, machinesInStore, Date.now())
  await using server = await ServerProcess.start(home)
  await using client = Worker.client(server.socket)
  await buildBase(client)
  const overHttp = await launchesOverHttp(home, client, pairs)
  log('launches: done')
  const [machine] = await created(client)
  await client.load(machine, 1000, connections)
  const before = server.cpuSeconds()
  const gets = await client.load(machine, loadMs, connections)
  const getsPerCpuSecond = gets.answered / (server.cpuSeconds() - before)
  log('gets: done')
  const page = { method: 'GET', path: '/v1/machines?all=1&limit=100' } as const
  await client.series(page, 20)
  const lists = await client.series(page, Math.max(100, pairs * 5))
  const results: Summary[] = [...overHttp.results, summarise({ name: `100 of ${machinesInStore} machines`, samplesMs: lists })]
  const figures = {
    http_overhead_p50_ms: overHttp.overheadMs,
    get_machine_per_s: gets.perSecond,
    // What it would be if nobody else used the core.
    get_machine_per_cpu_s: getsPerCpuSecond,
    list_p50_ms: percentile(lists, 50),
  }
  return { results, figures }
}

/** Rounds of launches with and without the API, by turns, so that the host's moods cancel out. */
async function launchesOverHttp(home: string, client: Worker, pairs: number) {
  await using direct = await Worker.direct(home)
  await client.launches('base', warmUp)
  await direct.launches('base', warmUp)
  const with_: number[] = []
  const without: number[] = []
  for (let round = 0; round < pairs; round++) {
    with_.push(...(await client.launches('base', perRound)))
    without.push(...(await direct.launches('base', perRound)))
  }
  const results = [
    summarise({ name: 'launch over HTTP', samplesMs: with_ }),
    summarise({ name: 'launch by the engine alone', samplesMs: without }),
  ]
  return { results, overheadMs: percentile(with_, 50) - percentile(without, 50) }
}

async function buildBase(client: Worker): Promise<void> {
  const body = { name: 'base', source: 'builtin:base' }
  await client.series({ method: 'POST', path: '/v1/templates?wait=60', body }, 1)
}

/** A machine to be asked for, by name. */
async function created(client: Worker): Promise<[string]> {
  await client.series({ method: 'POST', path: '/v1/machines', body: { template: 'base', name: 'asked' } }, 1)
  return ['/v1/machines/asked']
}
