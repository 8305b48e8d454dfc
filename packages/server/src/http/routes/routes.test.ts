import type { Engine } from '@hearth/engine'
import { HearthError, silentLog, systemClock } from '@hearth/model'
import type { InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownerParts } from '../../auth/testing/test-auth.ts'
import { createHttp } from '../create-http.ts'
import type { App, HttpParts } from '../http-parts.ts'
import { machine, scriptedEngine, scriptedSession, snapshot, template, written } from '../testing/scripted-engine.ts'

let session: ReturnType<typeof scriptedSession>
let engine: ReturnType<typeof scriptedEngine>
let app: App
const stop = vi.fn()

function make(change: Partial<HttpParts> = {}): App {
  return createHttp({
    engine: engine as unknown as Engine,
    drivers: [
      { name: 'qemu', probe: async () => ({ usable: true, accelerator: 'tcg', version: '7.2', problems: [], notes: ['slow'] }) },
    ],
    log: silentLog,
    clock: systemClock,
    system: { version: '0.1.0', home: '/h', pid: 1, startedAt: 0 },
    stop,
    hostPaths: true,
    loopbackOnly: false,
    ...ownerParts(),
    checkAnswers: true,
    ...change,
  })
}

beforeEach(() => {
  session = scriptedSession()
  engine = scriptedEngine(session)
  written.length = 0
  app = make()
})
afterEach(() => app.close())

const call = (method: InjectOptions['method'], url: string, payload?: InjectOptions['payload']) =>
  app.inject({ method, url, ...(payload !== undefined && { payload }) } as InjectOptions)

describe('every answer fits its schema', () => {
  it.each([
    ['GET', '/healthz', undefined, 200],
    ['GET', '/v1/system', undefined, 200],
    ['GET', '/v1/templates', undefined, 200],
    ['GET', '/v1/templates/base@1', undefined, 200],
    ['DELETE', '/v1/templates/base', undefined, 204],
    ['POST', '/v1/templates', { name: 'a', source: 'builtin:base' }, 202],
    ['GET', '/readyz', undefined, 200],
    ['GET', '/v1/config', undefined, 200],
    ['GET', '/v1/stats', undefined, 200],
    ['POST', '/v1/retention/run', { dryRun: true }, 200],
    ['GET', '/v1/namespaces', undefined, 200],
    ['POST', '/v1/namespaces', { name: 'red', keepLast: 2 }, 201],
    ['GET', '/v1/namespaces/red', undefined, 200],
    ['PATCH', '/v1/namespaces/red', { keepLast: null }, 200],
    ['DELETE', '/v1/namespaces/red', undefined, 204],
    ['GET', '/v1/pools', undefined, 200],
    ['GET', '/v1/pools/base', undefined, 200],
    ['GET', '/v1/pools/base/stats', undefined, 200],
    ['GET', '/v1/pools/base/autoscale?targetHitRate=0.95&largest=20', undefined, 200],
    ['GET', '/v1/pools/base/rollout', undefined, 200],
    ['PUT', '/v1/pools/base', { settings: { min: 2, validators: [{ kind: 'port', port: 80 }] } }, 200],
    ['PATCH', '/v1/pools/base', { settings: { autoscale: null }, cutOver: true }, 200],
    ['POST', '/v1/pools/base/warm', undefined, 202],
    ['POST', '/v1/pools/base/warm?wait=10', undefined, 200],
    ['POST', '/v1/pools/base/drain', undefined, 200],
    ['POST', '/v1/pools/base/rollout', { version: 2, canaries: 2, deadlineMs: 60_000 }, 202],
    ['POST', '/v1/pools/base/rollout/abort', undefined, 200],
    ['DELETE', '/v1/pools/base', undefined, 204],
    ['GET', '/v1/usage', undefined, 200],
    ['GET', '/v1/namespaces/red/usage', undefined, 200],
    ['GET', '/v1/namespaces/red/machines?state=running&state=paused&label=a=b&label=c=d=e', undefined, 200],
    ['POST', '/v1/namespaces/red/machines', { template: 'base', timeoutMs: 60_000, onTimeout: 'pause' }, 201],
    ['POST', '/v1/machines/web/extend', { timeoutMs: 60_000 }, 200],
    ['GET', '/v1/machines/web/ports', undefined, 200],
    ['POST', '/v1/machines', { template: 'base' }, 201],
    ['GET', '/v1/machines', undefined, 200],
    ['GET', '/v1/machines/web', undefined, 200],
    ['GET', '/v1/machines/web/receipt', undefined, 200],
    ['GET', '/v1/machines/web/stats', undefined, 200],
    ['GET', '/v1/machines/web/execs', undefined, 200],
    ['POST', '/v1/machines/web/pause', undefined, 200],
    ['POST', '/v1/machines/web/resume', undefined, 200],
    ['POST', '/v1/machines/web/fork', { count: 2 }, 200],
    ['DELETE', '/v1/machines/web', undefined, 204],
    ['POST', '/v1/machines/web/snapshots', { tag: 'a' }, 202],
    ['POST', '/v1/machines/web/snapshots?wait=10', undefined, 201],
    ['GET', '/v1/machines/web/snapshots?state=ready', undefined, 200],
    ['GET', '/v1/snapshots/s-1/tree', undefined, 200],
    ['PATCH', '/v1/snapshots/s-1', { tag: null, ttlMs: 0, pinned: true, labels: { a: 'b' } }, 200],
    ['POST', '/v1/snapshots/s-1/copy', { namespace: 'red', tag: 'x' }, 201],
    ['POST', '/v1/snapshots/s-1/copy', undefined, 201],
    ['GET', '/v1/snapshots', undefined, 200],
    ['GET', '/v1/snapshots/s-1', undefined, 200],
    ['POST', '/v1/snapshots/s-1/restore', { name: 'b' }, 201],
    ['POST', '/v1/snapshots/s-1/restore', undefined, 201],
    ['POST', '/v1/snapshots/s-1/verify', undefined, 200],
    ['DELETE', '/v1/snapshots/s-1?force=1', undefined, 204],
    ['GET', '/v1/machines/web/files/stat?path=/a', undefined, 200],
    ['GET', '/v1/machines/web/files/list?path=/a&depth=2', undefined, 200],
    ['POST', '/v1/machines/web/files/mkdir', { path: '/a' }, 204],
    ['POST', '/v1/machines/web/files/move', { from: '/a', to: '/b' }, 204],
    ['DELETE', '/v1/machines/web/files?path=/a&recursive', undefined, 204],
  ] as const)('%s %s', async (method, url, body, status) => {
    const answer = await call(method, url, body)
    expect(`${answer.statusCode} ${answer.body.slice(0, 300)}`).toMatch(new RegExp(`^${status} `))
  })
})

describe('machines', () => {
  it('are launched with what was asked for', async () => {
    const content = Buffer.from([0, 255]).toString('base64')
    const answer = await call('POST', '/v1/machines', {
      template: 'base@1',
      boot: 'cold',
      name: 'web',
      env: { A: '1' },
      secrets: { KEY: 'hush' },
      labels: { a: 'b' },
      egress: 'open',
      resources: { memoryMiB: 512 },
      files: [{ path: '/etc/a', content, mode: '0600' }],
    })
    expect(engine.launch.mock.calls[0]?.slice(0, 1)).toEqual([
      {
        template: 'base@1',
        boot: 'cold',
        name: 'web',
        env: { A: '1' },
        secrets: { KEY: 'hush' },
        labels: { a: 'b' },
        egress: 'open',
        resources: { memoryMiB: 512 },
        files: [{ path: '/etc/a', content: Buffer.from([0, 255]), mode: 0o600 }],
      },
    ])
    expect(answer.json()).toMatchObject({ id: machine.id, createdAt: '2026-11-23T02:13:20.001Z', boot: { method: 'cold' } })
    expect(answer.body).not.toContain('hush')
    expect(answer.headers).toMatchObject({ location: `/v1/machines/${machine.id}`, etag: '"1"' })
  })

  it('are listed alive, or all of them', async () => {
    for (const [query, all] of [
      ['', false],
      ['?all=1', true],
      ['?all', true],
      ['?all=0', false],
    ] as const) {
      await call('GET', `/v1/machines${query}`)
      expect(engine.machines.page).toHaveBeenLastCalledWith({ all, limit: 100 })
    }
  })

  it('tell of clones one by one', async () => {
    const { results, snapshotId } = (await call('POST', '/v1/machines/web/fork', { count: 2, name: 'n' })).json()
    expect([snapshotId, results[0].machine.id, results[1].error.code]).toEqual([snapshot.id, machine.id, 'driver_busy'])
  })

  it('show their console as it is', async () => {
    const answer = await call('GET', '/v1/machines/web/logs?maxBytes=10')
    expect([answer.body, answer.headers['content-type']]).toEqual(['boot\n', 'text/plain; charset=utf-8'])
    expect(engine.machines.consoleLog).toHaveBeenCalledWith(machine.id, 10)
  })

  it('go on showing it while it is followed, until they end, though the log is cut meanwhile', async () => {
    const log = (start: number, text: string) =>
      engine.machines.consoleFrom.mockResolvedValueOnce({ start, bytes: Buffer.from(text) })
    log(0, 'boot\n')
    log(5, '')
    log(5, 'ready\n')
    log(0, 'ready\nmore\n')
    log(11, '')
    engine.machines.consoleFrom.mockRejectedValueOnce(new HearthError('machine_not_running', 'it has ended'))
    expect((await call('GET', '/v1/machines/web/logs?follow')).body).toBe('boot\nready\nmore\n')
    expect(engine.machines.consoleFrom.mock.calls.map(([, start]) => start)).toEqual([0, 5, 5, 11, 11, 11])
  })
})

describe('templates', () => {
  it('are begun, told of as they are built, and waited for where that is asked', async () => {
    const body = { name: 'web', source: 'debian:bookworm?include=curl', start: ['/srv'], ready: { port: 80 }, noCache: true }
    const begun = await call('POST', '/v1/templates', body)
    expect([begun.statusCode, begun.headers.location]).toEqual([202, `/v1/templates/${template.ref}`])
    expect(begun.json()).toMatchObject({ state: 'building', progress: { step: 'unpacking', share: 0.5 } })
    const following = call('GET', `/v1/templates/${template.ref}/events`)
    const waiting = call('POST', '/v1/templates?wait=30', body)
    await vi.waitFor(() => expect(engine.templates.begin).toHaveBeenCalledTimes(2))
    engine.built.resolve(template)
    expect((await following).body).toMatch(
      /event: progress\ndata: \{"step":"unpacking","share":0.5\}\n\nevent: done\ndata: \{"ref"/,
    )
    expect((await waiting).statusCode).toBe(201)
    expect(engine.templates.begin.mock.calls[0]).toEqual([
      {
        name: 'web',
        source: { kind: 'debian', suite: 'bookworm', include: ['curl'] },
        resources: { vcpus: 1, memoryMiB: 256, diskMiB: 2048 },
        env: {},
        start: ['/srv'],
        ready: { kind: 'port', port: 80 },
        readyTimeoutMs: 120_000,
        egress: 'none',
      },
      expect.objectContaining({ noCache: true }),
    ])
  })

  it('tell those who wait, and those who listen, why they could not be built', async () => {
    const waiting = call('POST', '/v1/templates?wait=30', { name: 'web', source: 'debian:nosuch' })
    await vi.waitFor(() => expect(engine.templates.begin).toHaveBeenCalled())
    const following = call('GET', `/v1/templates/${template.ref}/events`)
    await vi.waitFor(() => expect(engine.templates.show).toHaveBeenCalled())
    engine.built.reject(new HearthError('build_failed', 'no such suite'))
    expect((await waiting).json()).toMatchObject({ code: 'build_failed', status: 422 })
    expect((await following).body).toMatch(/event: problem\ndata: \{.*"code":"build_failed"/)
  })

  it.each(['tar:/etc/shadow', 'dir:/root'])('are not built of %s where strangers may ask', async (source) => {
    expect((await call('POST', '/v1/templates', { name: 'a', source })).statusCode).toBe(202)
    app = make({ hostPaths: false })
    expect((await call('POST', '/v1/templates', { name: 'a', source })).json()).toMatchObject({
      code: 'invalid_input',
      hint: expect.stringContaining('unix socket'),
    })
  })
})

describe('files', () => {
  it('are read with what they are in a header', async () => {
    const answer = await call('GET', '/v1/machines/web/files?path=/a%20%C3%BC')
    expect(session.readFile).toHaveBeenCalledWith('/a ü')
    expect(answer.body).toBe('abc')
    expect(JSON.parse(String(answer.headers['x-hearth-stat']))).toMatchObject({ path: '/a ü', mode: '0644', sizeBytes: 3 })
  })

  it.each(['application/json', 'text/plain', undefined])('are written from a body of type %s, as it is', async (type) => {
    const headers = type === undefined ? {} : { 'content-type': type }
    const payload = Buffer.from('{"not": parsed')
    const answer = await app.inject({
      method: 'PUT',
      url: '/v1/machines/web/files?path=/a&mode=0600&owner=www-data',
      headers,
      payload,
    })
    expect(answer.statusCode).toBe(204)
    expect(Buffer.concat(written)).toEqual(payload)
    expect(session.writeFile).toHaveBeenCalledWith('/a', 0o600, { owner: 'www-data' })
  })

  it('may be empty', async () => {
    expect((await call('PUT', '/v1/machines/web/files?path=/a')).statusCode).toBe(204)
    expect(session.writeFile).toHaveBeenCalledWith('/a', 0o644, {})
  })

  it('tell of changes, and why that ends', async () => {
    const answer = await call('GET', '/v1/machines/web/files/watch?path=/a&recursive=1')
    expect(answer.headers['content-type']).toBe('text/event-stream')
    expect(answer.body).toContain('event: ready\ndata: {}\n\nevent: change\ndata: {"kind":"create","path":"x"}\n\n')
    expect(answer.body).toMatch(/event: problem\ndata: \{.*"code":"guest_unreachable"/)
  })
})

describe('the server', () => {
  it('ends when asked, after it has answered', async () => {
    const answer = await call('POST', '/v1/system/stop')
    expect([answer.statusCode, answer.json()]).toEqual([202, { stopping: true }])
    await vi.waitFor(() => expect(stop).toHaveBeenCalledOnce())
  })

  it.each([
    [{ host: 'evil.example' }, 'Host'],
    [{ host: 'localhost:1', origin: 'https://evil.example' }, 'Origin'],
    [{ host: '127.0.0.1.evil.example' }, 'Host'],
  ])('refuses a browser that comes from elsewhere with %j', async (headers, name) => {
    app = make({ loopbackOnly: true })
    const answer = await app.inject({ url: '/v1/machines', headers })
    expect(answer.json()).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining(`header ${name}`) })
    expect(
      (await app.inject({ url: '/v1/machines', headers: { host: 'localhost:1', origin: 'http://127.0.0.1:2' } })).statusCode,
    ).toBe(200)
  })

  it('describes every route in OpenAPI 3.1', async () => {
    const document = (await call('GET', '/openapi.json')).json()
    expect(document.openapi).toBe('3.1.0')
    const operations = Object.values<Record<string, { operationId: string; summary: string }>>(document.paths).flatMap((path) =>
      Object.values(path),
    )
    const ids = operations.map((operation) => operation.operationId)
    expect(ids).toEqual(expect.arrayContaining(['launchMachine', 'writeFile', 'buildTemplate', 'watchEvents']))
    expect(new Set(ids).size).toBe(ids.length)
    expect(operations.every((operation) => operation.summary.length > 0)).toBe(true)
    expect(document.paths['/v1/machines'].post.requestBody.content['application/json'].schema.additionalProperties).toBe(false)
  })
})
