import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { driverError } from '@hearth/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { ask, askJson, type MemoryServer, memoryServer } from '../server/support/memory-server.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { dashboardPanels, dashboardVariables } from './support/dashboard.ts'
import { type Prometheus, startPrometheus } from './support/prometheus.ts'
import { readyTemplate } from './support/ready-template.ts'

const rules = join(import.meta.dirname, '../../deploy/prometheus/alerts.yml')

let folder: ScratchFolder
let home: string
let server: MemoryServer
let prometheus: Prometheus
let address: string
let key: string

beforeAll(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home, { listen: { host: '127.0.0.1', port: 0 } })
  address = new URL(server.url ?? '').host
  key = readFileSync(join(home, 'keys/admin'), 'utf8').trim()
  prometheus = await startPrometheus(folder.path, { address, key, rules })
})
afterAll(async () => {
  await prometheus[Symbol.asyncDispose]()
  await server.close()
  await folder[Symbol.asyncDispose]()
})

/** The value of an expression that gives one sample, once it gives one that is as wanted. */
async function becomes(expression: string, wanted: number): Promise<void> {
  await waitUntil(`${expression} to be ${wanted}`, async () => {
    const [sample] = await prometheus.query(expression)
    return Number(sample?.value[1]) === wanted
  })
}

it('is scraped with a key, and refuses who has none', async () => {
  await becomes('up{job="hearth"}', 1)
  expect((await fetch(`http://${address}/metrics`)).status).toBe(401)
  const answer = await fetch(`http://${address}/metrics`, { headers: { authorization: `Bearer ${key}` } })
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  expect(await answer.text()).not.toContain(key)
})

it('counts what is done to machines and snapshots', async () => {
  await readyTemplate(home)
  await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'one' })
  await askJson(home, 'POST', '/v1/machines', { template: 'base', name: 'two', boot: 'cold' })
  await askJson(home, 'POST', '/v1/machines', { template: 'none' })
  await askJson(home, 'POST', '/v1/machines/one/snapshots?wait=10', {})
  server.host.faults.fail('restore', driverError('Unavailable', 'no room'))
  await askJson(home, 'POST', '/v1/machines', { template: 'base', boot: 'restored' })

  await becomes('hearth_launches_total{method="restored", reason="pool_unregistered"}', 1)
  await becomes('hearth_launches_total{method="cold", reason="requested"}', 1)
  await becomes('sum(hearth_launch_duration_seconds_count)', 2)
  await becomes('hearth_launch_phase_duration_seconds_count{method="restored", phase="restore"}', 1)
  await becomes('hearth_launch_failures_total{code="template_not_found"}', 1)
  await becomes('hearth_driver_errors_total{operation="restore", kind="Unavailable"}', 1)
  await becomes('hearth_snapshots_taken_total{kind="user", outcome="ready"}', 1)
  await becomes('hearth_machines{state="running"}', 2)
  await becomes('hearth_snapshots{kind="user", state="ready"}', 1)
})

it('follows a pool, from what stands ready to why a launch found nothing', async () => {
  await askJson(home, 'PUT', '/v1/pools/base', { settings: { min: 1, max: 2 } })
  await becomes('hearth_pool_target{pool="base"}', 2)
  await askJson(home, 'POST', '/v1/pools/base/warm?wait=20')
  await becomes('hearth_pool_depth{pool="base"}', 2)
  await becomes('hearth_pool_misses_total{pool="base", reason="requested"}', 0)
  await askJson(home, 'POST', '/v1/machines', { template: 'base', boot: 'warm' })
  await askJson(home, 'POST', '/v1/machines', { template: 'base', boot: 'auto', egress: 'open' })
  await becomes('hearth_pool_events_total{pool="base", what="claimed"}', 1)
  await becomes('hearth_pool_misses_total{pool="base", reason="requested"}', 1)
  await becomes('hearth_pool_refill_state{pool="base", state="not_progressing"}', 0)
  await becomes('hearth_launches_total{method="warm", reason="none"}', 1)
})

it('counts requests by the template of their route, whatever their clients make up', async () => {
  await becomes('count({job="hearth"}) > bool 50', 1)
  const made = Array.from({ length: 50 }, (_, index) => `/v1/machines/made-up-${index}`)
  for (const path of made) await askJson(home, 'GET', path)
  for (const path of made) await askJson(home, 'GET', `/nowhere${path}`)
  await becomes('sum(hearth_http_requests_total{route="/v1/machines/:machine", method="GET", status="4xx"})', 50)
  await becomes('sum(hearth_http_requests_total{route="unmatched"})', 50)
  expect(await prometheus.query('{__name__=~"hearth_.*", route=~".*made-up.*"}')).toEqual([])
})

it('shows who listens', async () => {
  const leave = new AbortController()
  const events = await ask(home, 'GET', '/v1/events', undefined, leave.signal)
  const gone = text(events).catch(() => 'broken off')
  const exec = new WebSocket(`ws+unix://${join(home, 'hearth.sock')}:/v1/machines/one/exec`)
  await once(exec, 'open')
  await becomes('hearth_http_event_streams', 1)
  await becomes('hearth_http_web_sockets', 1)
  leave.abort()
  exec.terminate()
  await gone
  await becomes('hearth_http_event_streams', 0)
  await becomes('hearth_http_web_sockets', 0)
})

it('has a bounded number of series', async () => {
  const [all] = await prometheus.query('count({job="hearth"})')
  expect(Number(all?.value[1])).toBeLessThan(3000)
})

it('explains in docs/reference/metrics.md what Prometheus knows, and nothing else', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reference/metrics.md'), 'utf8')
  const explained = [...page.matchAll(/^\| `([a-z_]+)`/gm)].map((match) => match[1])
  expect(explained.sort()).toEqual((await knownMetrics()).sort())
})

describe('the alert rules', () => {
  it('are evaluated without an error, and a healthy server raises none', async () => {
    await waitUntil('every rule to be evaluated', async () => (await ruleStates()).every(({ health }) => health === 'ok'))
    const states = await ruleStates()
    expect(states.length).toBeGreaterThanOrEqual(10)
    expect(states.filter(({ lastError, state }) => lastError !== '' || state === 'firing')).toEqual([])
  })

  it('name only metrics that exist', async () => {
    const known = await knownMetrics()
    for (const { name, query } of await ruleStates()) expect(metricsIn(query, known), name).not.toContain('unknown')
  })
})

describe('the dashboard', () => {
  it('asks only for metrics that exist, in expressions that Prometheus evaluates', async () => {
    const known = await knownMetrics()
    for (const { title, expression } of dashboardPanels()) {
      expect(metricsIn(expression, known), title).not.toContain('unknown')
      await expect(prometheus.query(expression), title).resolves.toBeInstanceOf(Array)
    }
  })

  it('has something to draw of a server that works, but for what has not happened', async () => {
    const empty: string[] = []
    for (const { title, expression } of dashboardPanels()) {
      if (title === 'Errors by code') continue // The store's; there were none.
      if ((await prometheus.query(expression)).length === 0) empty.push(title)
    }
    expect(empty).toEqual([])
  })

  it('finds servers to choose from', async () => {
    expect(dashboardVariables()).toEqual(['job', 'instance'])
    const [info] = await prometheus.query('hearth_build_info')
    expect(info?.metric).toMatchObject({ job: 'hearth', instance: address, version: '0.0.0-test' })
  })
})

/** Every metric that the server offers, those without series too. */
async function knownMetrics(): Promise<string[]> {
  const metadata = (await prometheus.api('targets/metadata')) as unknown as { metric: string }[]
  return [...new Set(metadata.map(({ metric }) => metric))]
}

interface RuleState {
  readonly name: string
  readonly query: string
  readonly health: string
  readonly lastError: string
  readonly state: string
}

async function ruleStates(): Promise<RuleState[]> {
  const { groups } = (await prometheus.api('rules')) as { groups: { rules: Partial<RuleState>[] }[] }
  return groups.flatMap(({ rules: each }) => each.map((rule) => ({ lastError: '', ...rule }) as RuleState))
}

/** The metrics an expression names; `unknown` and the name where there is no such one. */
function metricsIn(expression: string, known: readonly string[]): string[] {
  const named = expression.match(/\b(hearth|process|nodejs)_[a-z_]+/g) ?? []
  return named.flatMap((name) => {
    const exists = known.includes(name) || known.includes(name.replace(/_(bucket|count|sum)$/, ''))
    return exists ? [name] : ['unknown', name]
  })
}
