import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { postgresMissing } from '../support/postgres.ts'
import { waitUntil } from '../support/wait-until.ts'
import { type Answered, type Fields, itemsOf } from './support/api-client.ts'
import { type SharedServer, SharedServers } from './support/shared-servers.ts'

const size = 4
const settings = { min: size, max: size, refillIntervalMs: 100, concurrency: 4, startsPerMinute: 10_000 }

describe.skipIf(postgresMissing)(postgresMissing || 'servers that share a PostgreSQL', { timeout: 60_000 }, () => {
  let servers: SharedServers
  let one: SharedServer
  let two: SharedServer
  beforeAll(async () => {
    servers = await SharedServers.start()
    one = await servers.add()
    two = await servers.add()
    expect((await one.call('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' })).status).toBe(201)
    expect((await one.call('PUT', '/v1/pools/base', { settings })).status).toBeLessThan(300)
    await full(two)
  }, 60_000)
  afterAll(() => servers[Symbol.asyncDispose]())

  it('serve launches from the pool that another of them holds', async () => {
    const { status, body } = await two.call('POST', '/v1/machines', { template: 'base', boot: 'warm' })
    expect([status, (body as { boot: Fields }).boot]).toEqual([201, expect.objectContaining({ method: 'warm', poolHit: true })])
  })

  it('pass on what is asked of a machine elsewhere, and tell of it what its row says', async () => {
    await launched(one, { name: 'far' })
    const ran = await two.call('POST', '/v1/machines/far/exec', { argv: ['true'] }, { 'x-request-id': 'far-1' })
    expect([ran.status, ran.headers['x-request-id']]).toEqual([200, 'far-1'])
    const bytes = { 'content-type': 'application/octet-stream' }
    expect((await two.call('PUT', '/v1/machines/far/files?path=/tmp/note', 'hello', bytes)).status).toBeLessThan(300)
    for (const each of [one, two]) expect((await each.call('GET', '/v1/machines/far/files?path=/tmp/note')).body).toBe('"hello"')
    expect((await two.call('POST', '/v1/machines/far/pause')).body).toMatchObject({ state: 'paused' })
    expect((await two.call('POST', '/v1/machines/far/resume')).status).toBe(200)
    const { id } = (await two.call('GET', '/v1/machines/far')).body as Fields
    expect((await two.call('DELETE', '/v1/machines/far')).status).toBe(204)
    expect((await two.call('GET', `/v1/machines/${id}`)).body).toMatchObject({ state: 'stopped' })
  })

  it('carry WebSockets to each other', async () => {
    const { id } = await launched(one)
    const socket = new WebSocket(`ws+unix://${join(two.home, 'hearth.sock')}:/v1/machines/${id}/exec`)
    const said: Fields[] = []
    socket.on('message', (data: Buffer, isBinary: boolean) => !isBinary && said.push(JSON.parse(data.toString())))
    await once(socket, 'open')
    socket.send(JSON.stringify({ argv: ['true'] }))
    await once(socket, 'close')
    expect(said.map(({ type }) => type)).toEqual(['started', 'exit'])
  })

  it('make one machine for one Idempotency-Key, whoever is asked', async () => {
    const key = { 'idempotency-key': 'the-one-and-only' }
    const asked = [two, one, two].map(async (each) => each.call('POST', '/v1/machines', { template: 'base' }, key))
    const made = (await Promise.all(asked)).filter(({ status }) => status === 201)
    const again = await one.call('POST', '/v1/machines', { template: 'base' }, key)
    expect(new Set([...made, again].map(({ body }) => (body as Fields).id)).size).toBe(1)
  })

  it('give up what was passed on, wherever it is, and tell what was done', async () => {
    const key = { 'idempotency-key': 'given-up-at-once' }
    expect((await two.call('DELETE', '/v1/idempotency/given-up-at-once')).body).toEqual({ done: false })
    // The holder of the pool was told as well, so it does not begin it.
    expect((await two.call('POST', '/v1/machines', { template: 'base' }, key)).status).toBe(499)
    const done = await two.call('POST', '/v1/machines', { template: 'base' }, { 'idempotency-key': 'done-already' })
    const told = (await two.call('DELETE', '/v1/idempotency/done-already')).body
    expect(told).toEqual({ done: true, location: `/v1/machines/${(done.body as Fields).id}` })
  })

  it('note a write once, where it was asked', async () => {
    const { id } = await launched(one)
    await two.call('DELETE', `/v1/machines/${id}`, undefined, { 'x-request-id': 'noted-once' })
    const noted = async () =>
      itemsOf(await one.call('GET', '/v1/audit?limit=50')).filter((each) => each.requestId === 'noted-once')
    await waitUntil('the audit log', async () => (await noted()).length > 0)
    // What the other would have noted too.
    await two.call('GET', '/v1/audit')
    expect(await noted()).toHaveLength(1)
  })

  it('refuse a passport that nobody wrote', async () => {
    const forged = await one.call('GET', '/v1/machines', undefined, { 'x-hearth-passport': 'e30.AAAA' })
    expect(forged.status).toBe(401)
  })

  it('hand no machine out twice', async () => {
    const asked = Array.from({ length: 40 }, (_, n) => (n % 2 ? one : two).call('POST', '/v1/machines', { template: 'base' }))
    const made = await Promise.all(asked)
    expect(made.filter(({ status }) => status !== 201)).toEqual([])
    expect(new Set(made.map(({ body }) => (body as Fields).id)).size).toBe(made.length)
    await endAll(one)
  })
})

describe.skipIf(postgresMissing)(postgresMissing || 'a server that ends', { timeout: 60_000 }, () => {
  let servers: SharedServers
  let first: SharedServer
  let second: SharedServer
  beforeAll(async () => {
    servers = await SharedServers.start({ HEARTH_LEASE_SECS: '6' })
    first = await servers.add()
    expect((await first.call('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' })).status).toBe(201)
    await first.call('PUT', '/v1/pools/base', { settings })
    second = await servers.add()
    await full(second)
  }, 60_000)
  afterAll(() => servers[Symbol.asyncDispose]())

  it('is followed by another when it is killed, which builds the template and fills the pool', async () => {
    const before = await launched(first)
    await first.process.kill()
    const killedAt = performance.now()
    const answers: Answered[] = []
    const isWarm = ({ body }: Answered) => (body as { boot?: Fields }).boot?.method === 'warm'
    await waitUntil(
      'a warm launch',
      async () => {
        const answer = await second.call('POST', '/v1/machines', { template: 'base' })
        answers.push(answer)
        return isWarm(answer)
      },
      { signal: AbortSignal.timeout(20_000), everyMs: 50 },
    )
    // Six seconds of lease and a template to build.
    expect(performance.now() - killedAt).toBeLessThan(20_000)
    const refused = answers.filter(({ status }) => status !== 201)
    expect(refused.map(({ status, body }) => [status, (body as Fields).code])).toEqual(
      refused.map(() => [503, 'host_unavailable']),
    )
    for (const { headers } of refused) expect(headers['retry-after']).toBeDefined()
    await full(second)
    const ids = answers.filter(({ status }) => status === 201).map(({ body }) => (body as Fields).id)
    expect(new Set([before.id, ...ids]).size).toBe(ids.length + 1)
    const lost = await second.call('POST', `/v1/machines/${before.id}/exec`, { argv: ['true'] })
    expect([lost.status, lost.body]).toEqual([503, expect.objectContaining({ code: 'host_unavailable' })])
    expect((await second.call('GET', `/v1/machines/${before.id}`)).status).toBe(200)
  })

  it('hands its pools over when it ends in order', async () => {
    const third = await servers.add()
    const askedAt = performance.now()
    const ended = second.process.stop()
    await waitUntil('the pool at the third', async () => (await statsOf(third)).refill !== 'elsewhere')
    // Before its lease could have run out.
    expect(performance.now() - askedAt).toBeLessThan(4_000)
    await full(third)
    await ended
  })
})

async function launched({ call }: SharedServer, wanted: Fields = {}): Promise<Fields> {
  const { status, body } = await call('POST', '/v1/machines', { template: 'base', ...wanted })
  expect(status).toBe(201)
  return body as Fields
}

/** Resolves when the pool is full, whoever holds it. */
async function full({ call }: SharedServer): Promise<void> {
  await waitUntil('a full pool', async () => (await statsOf({ call })).depth === size)
}

async function endAll({ call }: SharedServer): Promise<void> {
  const machines = itemsOf(await call('GET', '/v1/machines?limit=1000'))
  await Promise.all(machines.map(({ id }) => call('DELETE', `/v1/machines/${id}`)))
}

async function statsOf({ call }: Pick<SharedServer, 'call'>): Promise<Fields> {
  return (await call('GET', '/v1/pools/base/stats')).body as Fields
}
