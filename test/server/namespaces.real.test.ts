import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { apiClient, type Call, itemsOf } from './support/api-client.ts'
import { buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let server: MemoryServer
let call: Call

beforeEach(async () => {
  folder = await scratchFolder()
  const home = join(folder.path, 'home')
  server = await memoryServer(home)
  call = apiClient(home)
  await buildBase(home)
})
afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

describe('namespaces', () => {
  it('are made, shown, changed and removed, with the version of each answer', async () => {
    const made = await call('POST', '/v1/namespaces', { name: 'red', labels: { team: 'a' }, keepLast: 3 })
    expect([made.status, made.headers.location]).toEqual([201, '/v1/namespaces/red'])
    expect(made.body).toMatchObject({ name: 'red', labels: { team: 'a' }, snapshotLimit: 100, keepLast: 3 })
    expect((await call('POST', '/v1/namespaces', { name: 'red' })).body).toMatchObject({ code: 'name_taken' })
    expect(itemsOf(await call('GET', '/v1/namespaces')).map(({ name }) => name)).toEqual(['default', 'red'])

    const shown = await call('GET', '/v1/namespaces/red')
    const etag = shown.headers.etag ?? ''
    expect((await call('GET', '/v1/namespaces/red', undefined, { 'if-none-match': etag })).status).toBe(304)
    const changed = await call('PATCH', '/v1/namespaces/red', { keepLast: null, snapshotLimit: 1 }, { 'if-match': etag })
    expect([changed.status, changed.body]).toEqual([200, expect.not.objectContaining({ keepLast: 3 })])
    const stale = await call('PATCH', '/v1/namespaces/red', { snapshotLimit: 2 }, { 'if-match': etag })
    expect([stale.status, stale.body]).toEqual([412, expect.objectContaining({ code: 'precondition_failed' })])
    expect((await call('DELETE', '/v1/namespaces/red', undefined, { 'if-match': etag })).status).toBe(412)
    expect((await call('DELETE', '/v1/namespaces/red', undefined, { 'if-match': 'x' })).status).toBe(400)
    expect((await call('DELETE', '/v1/namespaces/red')).status).toBe(204)
    expect((await call('GET', '/v1/namespaces/red')).body).toMatchObject({ code: 'namespace_not_found' })
  })

  it('keep machines and snapshots apart, and the short paths are those of "default"', async () => {
    await call('POST', '/v1/namespaces', { name: 'red' })
    const red = await call('POST', '/v1/namespaces/red/machines', { template: 'base', name: 'web' })
    expect(red.headers.location).toMatch(/^\/v1\/namespaces\/red\/machines\/m-/)
    const short = await call('POST', '/v1/machines', { template: 'base', name: 'web' })
    const { id } = red.body as { id: string }
    expect((await call('GET', `/v1/machines/${id}`)).body).toMatchObject({ code: 'machine_not_found' })
    expect((await call('GET', `/v1/namespaces/red/machines/${id}`)).body).toMatchObject({ namespace: 'red' })
    expect((await call('GET', '/v1/namespaces/default/machines/web')).body).toEqual(short.body)
    expect(itemsOf(await call('GET', '/v1/namespaces/red/machines'))).toHaveLength(1)
    expect((await call('GET', '/v1/namespaces/blue/machines')).body).toMatchObject({ code: 'namespace_not_found' })
    expect((await call('POST', '/v1/namespaces/blue/machines', { template: 'base' })).body).toMatchObject({
      code: 'namespace_not_found',
    })
    expect((await call('DELETE', '/v1/namespaces/red')).body).toMatchObject({ code: 'namespace_in_use' })
    expect((await call('GET', '/v1/namespaces/red/usage')).body).toMatchObject({ namespace: 'red', liveMachines: 1 })
    expect((await call('GET', '/v1/stats')).body).toMatchObject({ machines: { running: 2 }, templates: 1 })
  })
})

describe('machines', () => {
  it('are found by state, label and name, a page at a time', async () => {
    for (let n = 1; n <= 5; n++) {
      await call('POST', '/v1/machines', { template: 'base', name: `web-${n}`, labels: { n: String(n), 'a/b': 'x=y' } })
    }
    await call('POST', '/v1/machines/web-1/pause')
    const names = async (query: string) => itemsOf(await call('GET', `/v1/machines?${query}`)).map(({ name }) => name)
    expect(await names('state=paused')).toEqual(['web-1'])
    expect(await names('state=paused&state=running&label=n=3')).toEqual(['web-3'])
    expect(await names('label=a/b=x=y&label=n=4')).toEqual(['web-4'])
    expect(await names('name=web-2')).toEqual(['web-2'])
    const seen: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await call('GET', `/v1/machines?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      seen.push(...itemsOf(page).map(({ name }) => name))
      cursor = (page.body as { next?: string }).next
    } while (cursor !== undefined)
    expect(seen).toEqual(['web-5', 'web-4', 'web-3', 'web-2', 'web-1'])
    expect((await call('GET', '/v1/machines?cursor=nonsense')).body).toMatchObject({ code: 'invalid_input' })
    expect((await call('GET', '/v1/machines?label=nothing')).body).toMatchObject({ code: 'invalid_input' })
  })

  it('have a deadline that can be moved, and a version', async () => {
    const launched = await call('POST', '/v1/machines', { template: 'base', name: 'web', timeoutMs: 60_000, onTimeout: 'pause' })
    expect(launched.body).toMatchObject({ onTimeout: 'pause', deadlineAt: expect.any(String) })
    const extended = await call('POST', '/v1/machines/web/extend', { timeoutMs: 120_000 })
    const { deadlineAt: before } = launched.body as { deadlineAt: string }
    const { deadlineAt } = extended.body as { deadlineAt: string }
    expect(Date.parse(deadlineAt) - Date.parse(before)).toBeGreaterThan(50_000)
    const { headers } = await call('GET', '/v1/machines/web')
    expect((await call('GET', '/v1/machines/web', undefined, { 'if-none-match': `"0", W/${headers.etag}` })).status).toBe(304)
    expect((await call('DELETE', '/v1/machines/web', undefined, { 'if-match': '"999"' })).status).toBe(412)
    expect((await call('DELETE', '/v1/machines/web', undefined, { 'if-match': headers.etag ?? '' })).status).toBe(204)
  })

  it('run a process to its end over plain HTTP', async () => {
    await call('POST', '/v1/machines', { template: 'base', name: 'web' })
    const run = async (body: object) => (await call('POST', '/v1/machines/web/exec', body)).body
    expect(await run({ argv: ['echo', 'hello'] })).toMatchObject({
      code: 0,
      stdout: 'hello\n',
      stderr: '',
      truncated: false,
      timedOut: false,
    })
    expect(await run({ argv: ['exit', '7'] })).toMatchObject({ code: 7 })
    expect(await run({ argv: ['cat'], input: 'aGkA/w==', encoding: 'base64' })).toMatchObject({
      stdout: 'aGkA/w==',
      encoding: 'base64',
    })
    expect(await run({ argv: ['cat'], input: 'x'.repeat(5000), maxOutputBytes: 10 })).toMatchObject({
      stdout: 'x'.repeat(10),
      truncated: true,
    })
    expect(await run({ argv: ['sleep', '1000'], timeoutMs: 50 })).toMatchObject({ code: 137, timedOut: true })
    expect(await run({ argv: ['env'], env: { COLOUR: 'red' } })).toMatchObject({ stdout: expect.stringContaining('COLOUR=red') })
    expect(await run({ argv: [] })).toMatchObject({ code: 'invalid_input' })
  })

  it('cannot be had warm where no pool is kept', async () => {
    const answer = await call('POST', '/v1/machines', { template: 'base', boot: 'warm' })
    expect([answer.status, answer.body]).toEqual([409, expect.objectContaining({ code: 'boot_method_unavailable' })])
  })
})

describe('the server', () => {
  it('tells its settings, that it is ready, and what it is, for people too', async () => {
    expect(itemsOf(await call('GET', '/v1/config'))).toContainEqual({ name: 'drivers', value: 'memory', origin: 'default' })
    const ready = await call('GET', '/readyz')
    expect([ready.status, ready.body]).toEqual([
      200,
      {
        ready: true,
        checks: [
          { name: 'database', ok: true },
          { name: 'driver memory', ok: true },
        ],
      },
    ])
    const page = await call('GET', '/docs')
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.body).toContain('/v1/machines/{machine}/fork')
    expect(page.body).toContain('snapshot_in_use')
    expect(page.body).not.toMatch(/<script|https?:\/\/(?!json-schema)/)
  })

  it('lets its cleaner run, or say what it would do', async () => {
    await call('POST', '/v1/machines', { template: 'base', name: 'web' })
    const made = await call('POST', '/v1/machines/web/snapshots?wait=60', { ttlMs: 1 })
    const { id } = made.body as { id: string }
    const dry = await call('POST', '/v1/retention/run', { dryRun: true })
    expect(dry.body).toMatchObject({ dryRun: true, removed: [{ snapshot: id, reason: 'expired' }] })
    expect((await call('GET', `/v1/snapshots/${id}`)).status).toBe(200)
    expect((await call('POST', '/v1/retention/run')).body).toMatchObject({ dryRun: false, removed: [{ snapshot: id }] })
    expect((await call('GET', `/v1/snapshots/${id}`)).status).toBe(404)
  })
})
