import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { apiClient, type Call, type Fields, itemsOf } from './support/api-client.ts'
import { ask, askJson, buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let home: string
let server: MemoryServer
let call: Call

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home)
  call = apiClient(home)
  await buildBase(home)
})
afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

const settings = { min: 2, max: 3, refillIntervalMs: 100 }
const statsOf = async (name = 'base') => (await call('GET', `/v1/pools/${name}/stats`)).body as Fields
const until = (path: string, test: (body: Fields) => boolean) =>
  waitUntil(path, async () => test((await call('GET', path)).body as Fields))

/** What is recorded of pools up to now. */
async function poolEvents(): Promise<Fields[]> {
  const answer = await ask(home, 'GET', '/v1/events?after=0&kind=pool')
  let told = ''
  for await (const chunk of answer) {
    told += String(chunk)
    // All that had happened has been told.
    if (told.includes('event: ready')) break
  }
  return [...told.matchAll(/^event: pool\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Fields)
}

describe('a pool', () => {
  it('is made, filled, launched from, changed, drained and removed, and every step is an event', async () => {
    const made = await call('PUT', '/v1/pools/base', { settings })
    expect([made.status, made.body]).toEqual([200, expect.objectContaining({ template: 'base', version: 1, state: 'active' })])
    const full = await call('POST', '/v1/pools/base/warm?wait=20')
    expect([full.status, (full.body as { stats: Fields }).stats.depth]).toEqual([200, 3])

    const launched = await call('POST', '/v1/machines', {
      template: 'base',
      boot: 'warm',
      name: 'web',
      env: { A: '1' },
      hostname: 'w',
    })
    expect([launched.status, launched.body]).toEqual([
      201,
      expect.objectContaining({
        name: 'web',
        env: { A: '1' },
        hostname: 'w',
        boot: expect.objectContaining({ method: 'warm', poolHit: true }),
      }),
    ])
    const receipt = (await call('GET', '/v1/machines/web/receipt')).body as { assign: Fields[] }
    expect(receipt.assign.every(({ status }) => status !== 'failed')).toBe(true)
    expect(await statsOf()).toMatchObject({ hitRatio: 1, counters: { hits: 1, claimed: 1, misses: {} } })

    const changed = await call(
      'PATCH',
      '/v1/pools/base',
      { settings: { max: 1, min: 1 } },
      { 'if-match': made.headers.etag ?? '' },
    )
    expect([changed.status, (changed.body as { settings: Fields }).settings]).toEqual([
      200,
      expect.objectContaining({ min: 1, max: 1, refillIntervalMs: 100 }),
    ])
    expect(((await call('PUT', '/v1/pools/base', {})).body as { settings: Fields }).settings).toMatchObject({
      min: 1,
      max: 4,
      refillIntervalMs: 5000,
    })
    const stale = await call('POST', '/v1/pools/base/drain', undefined, { 'if-match': made.headers.etag ?? '' })
    expect([stale.status, stale.body]).toEqual([412, expect.objectContaining({ code: 'precondition_failed' })])
    expect((await call('POST', '/v1/pools/base/drain')).body).toMatchObject({ state: 'draining', stats: { depth: 0, target: 0 } })
    expect((await call('POST', '/v1/pools/base/warm?wait=1')).body).toMatchObject({ code: 'state_conflict' })
    expect((await call('DELETE', '/v1/pools/base')).status).toBe(204)
    expect((await call('GET', '/v1/pools/base')).body).toMatchObject({ code: 'pool_not_found' })
    expect(itemsOf(await call('GET', '/v1/machines'))).toHaveLength(1)

    const told = (await poolEvents()).map(({ id, state, removed, data }) => [id, state, removed, (data as Fields).max])
    expect(told).toEqual([
      ['base', 'active', false, 3],
      ['base', 'active', false, 1],
      ['base', 'active', false, 4],
      ['base', 'draining', false, 4],
      ['base', 'draining', false, 4],
      ['base', 'draining', true, 4],
    ])
  })

  it('answers 202 when nobody waits, and fills all the same', async () => {
    await call('PUT', '/v1/pools/base', { settings: { min: 0, max: 2 } })
    expect((await call('POST', '/v1/pools/base/warm')).status).toBe(202)
    await until('/v1/pools/base/stats', ({ depth }) => depth === 2)
  })

  it('that is empty says why, and when to ask again', async () => {
    await call('PUT', '/v1/pools/base', { settings: { min: 0, max: 1 } })
    const refused = await call('POST', '/v1/machines', { template: 'base', boot: 'warm' })
    expect([refused.status, refused.headers['retry-after'], refused.body]).toEqual([
      409,
      '1',
      expect.objectContaining({ code: 'boot_method_unavailable' }),
    ])
    const served = (await call('POST', '/v1/machines', { template: 'base' })).body as {
      boot: { method: string; reasons: Fields[] }
    }
    expect(served.boot).toMatchObject({ method: 'restored', reasons: [{ code: 'pool_not_ready' }] })
    expect(await statsOf()).toMatchObject({ hitRatio: 0, counters: { misses: { pool_not_ready: 2 } } })
  })

  it('is refused with wrong settings, an unknown template, or more than the server allows', async () => {
    const refusal = async (name: string, body: object) => (await call('PUT', `/v1/pools/${name}`, body)).body
    expect(await refusal('base', { settings: { max: 21 } })).toMatchObject({
      code: 'invalid_input',
      detail: expect.stringContaining('max'),
    })
    expect(await refusal('base', { settings: { min: 3, max: 2 } })).toMatchObject({ detail: expect.stringContaining('min: 3') })
    expect(await refusal('nosuch', {})).toMatchObject({ code: 'template_not_found' })
    expect(await refusal('base', { resources: { memoryMiB: 4096 } })).toMatchObject({
      detail: expect.stringContaining('resources.memoryMiB'),
    })
    expect(await refusal('a%20b', {})).toMatchObject({ code: 'invalid_input' })
    expect(itemsOf(await call('GET', '/v1/pools'))).toEqual([])
  })

  it('takes a new version when its canary was validated', async () => {
    await call('PUT', '/v1/pools/base', { settings })
    await askJson(home, 'POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base', env: { V: '2' } })
    expect((await call('GET', '/v1/pools/base/rollout')).body).toMatchObject({ code: 'not_found' })
    const begun = await call('POST', '/v1/pools/base/rollout', { version: 2, probationMs: 0 })
    expect([begun.status, begun.body]).toEqual([202, expect.objectContaining({ version: 1 })])
    await until('/v1/pools/base/rollout', ({ state }) => state === 'done')
    expect((await call('GET', '/v1/pools/base')).body).toMatchObject({
      version: 2,
      rollout: { from: 1, version: 2, validated: 1 },
    })
    expect((await call('POST', '/v1/pools/base/rollout/abort')).body).toMatchObject({ code: 'state_conflict' })
    expect((await call('POST', '/v1/pools/base/rollout', { version: 9 })).body).toMatchObject({ code: 'template_not_found' })
    const rollouts = (await poolEvents()).map(({ data }) => (data as { rollout?: Fields }).rollout?.state)
    expect(rollouts.at(0)).toBeUndefined()
    expect(rollouts).toContain('canary')
    expect(rollouts.at(-1)).toBe('done')
  })

  it('says what autoscale would do with the launches that were seen', async () => {
    await call('PUT', '/v1/pools/base', { settings })
    await call('POST', '/v1/pools/base/warm?wait=20')
    for (let launch = 0; launch < 4; launch++) await call('POST', '/v1/machines', { template: 'base' })
    const plan = await call('GET', '/v1/pools/base/autoscale?targetHitRate=0.9&largest=10')
    expect([plan.status, plan.body]).toEqual([
      200,
      expect.objectContaining({
        bounds: expect.objectContaining({ targetHitRate: 0.9, largest: 10 }),
        now: expect.objectContaining({ launches: 4 }),
      }),
    ])
    expect((await call('GET', '/v1/pools/base/autoscale?largest=99')).body).toMatchObject({ code: 'invalid_input' })
  })

  it('shows how it stands at a scrape, and nothing any more when it is gone', async () => {
    await call('PUT', '/v1/pools/base', { settings })
    await call('POST', '/v1/pools/base/warm?wait=20')
    await call('POST', '/v1/machines', { template: 'base' })
    const scrape = async () => String((await call('GET', '/metrics')).body)
    const text = await scrape()
    for (const line of [
      'hearth_pool_target{pool="base"} 3',
      'hearth_pool_min{pool="base"} 2',
      'hearth_pool_refill_state{pool="base",state="not_progressing"} 0',
      'hearth_pool_events_total{pool="base",what="claimed"} 1',
    ]) {
      expect(text).toContain(line)
    }
    await call('DELETE', '/v1/pools/base')
    expect(await scrape()).not.toContain('hearth_pool_depth{')
  })
})

it('takes sizes of new pools from the settings of the server', async () => {
  await server.close()
  server = await memoryServer(home, { config: { poolSize: 7, largestPool: 30, snapshotRefreshSecs: 90 } })
  const made = (await call('PUT', '/v1/pools/base', {})).body as { settings: Fields }
  expect(made.settings).toMatchObject({ max: 7, snapshotMaxAgeMs: 90_000 })
  expect((await call('PATCH', '/v1/pools/base', { settings: { max: 30 } })).status).toBe(200)
  expect((await call('PATCH', '/v1/pools/base', { settings: { max: 31 } })).body).toMatchObject({ code: 'invalid_input' })
})

it('that gets stuck is an event with its reason, and so is that it goes on', async () => {
  const check = { kind: 'command', argv: ['false'] }
  await call('PUT', '/v1/pools/base', { settings: { ...settings, progressDeadlineMs: 1000, validators: [check] } })
  await until('/v1/pools/base/stats', ({ refill }) => refill === 'not_progressing')
  await waitUntil('the event', async () => (await poolEvents()).at(-1)?.state === 'not_progressing')
  expect((await poolEvents()).at(-1)).toMatchObject({
    id: 'base',
    removed: false,
    data: { reason: expect.stringContaining('validator command false failed') },
  })
  await call('PATCH', '/v1/pools/base', { settings: { validators: [] } })
  await waitUntil('the event', async () => (await poolEvents()).some(({ state }) => state === 'progressing'))
})

it('may be looked at with any key, and changed by the admin of the server alone', async () => {
  await server.close()
  server = await memoryServer(home, { listen: { host: '127.0.0.1', port: 0 } })
  await call('POST', '/v1/namespaces', { name: 'red' })
  const keyOf = async (scope: string, namespaces: string[]) =>
    ((await call('POST', '/v1/keys', { name: scope, scope, namespaces })).body as { key: string }).key
  const reader = await keyOf('read', ['red'])
  const admin = await keyOf('admin', ['red'])
  const asked = async (key: string, method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, ...(body && { 'content-type': 'application/json' }) }
    return (await fetch(`${server.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })).status
  }
  await call('PUT', '/v1/pools/base', { settings: { min: 0, max: 1 } })
  for (const path of ['', '/base', '/base/stats']) expect(await asked(reader, 'GET', `/v1/pools${path}`)).toBe(200)
  for (const key of [reader, admin]) {
    expect(await asked(key, 'PUT', '/v1/pools/base', {})).toBe(403)
    expect(await asked(key, 'PATCH', '/v1/pools/base', {})).toBe(403)
    expect(await asked(key, 'POST', '/v1/pools/base/warm')).toBe(403)
    expect(await asked(key, 'POST', '/v1/pools/base/drain')).toBe(403)
    expect(await asked(key, 'POST', '/v1/pools/base/rollout', { version: 1 })).toBe(403)
    expect(await asked(key, 'DELETE', '/v1/pools/base')).toBe(403)
  }
  expect(await asked('hearth_none', 'GET', '/v1/pools')).toBe(401)
})

it('is drained when the server ends, whatever its interval, and filled again by the next one', async () => {
  await call('PUT', '/v1/pools/base', { settings: { min: 2, max: 2, refillIntervalMs: 3_600_000 } })
  await call('POST', '/v1/pools/base/warm?wait=20')
  const launched = await call('POST', '/v1/machines', { template: 'base', boot: 'warm', name: 'kept' })
  const { id } = launched.body as { id: string }
  const beganMs = performance.now()
  await server.close()
  expect(performance.now() - beganMs).toBeLessThan(3000)
  expect([...server.host.machines.keys()]).toEqual([id])

  server = await memoryServer(home, { host: server.host })
  await until('/v1/pools/base/stats', ({ depth }) => depth === 2)
  expect((await call('GET', '/v1/machines/kept')).body).toMatchObject({ id, state: 'running' })
})

it('whose time to drain is none may leave machines, and the next server lets none of them go astray', async () => {
  await server.close()
  server = await memoryServer(home, { host: server.host, config: { drainSecs: 0 } })
  await call('PUT', '/v1/pools/base', { settings: { min: 2, max: 2, refillIntervalMs: 100 } })
  await call('POST', '/v1/pools/base/warm?wait=20')
  await server.close()
  server = await memoryServer(home, { host: server.host })
  await until('/v1/pools/base/stats', ({ depth, making }) => depth === 2 && making === 0)
  const { counters } = (await statsOf()) as { counters: { adopted: number; created: number } }
  expect(counters.adopted + counters.created).toBe(2)
  await waitUntil('only those of the pool to be there', () => server.host.machines.size === 2)
})
