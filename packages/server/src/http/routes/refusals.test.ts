import type { Engine } from '@hearth/engine'
import { HearthError, silentLog, systemClock } from '@hearth/model'
import type { InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownerParts } from '../../auth/testing/test-auth.ts'
import { createHttp } from '../create-http.ts'
import type { App, HttpParts } from '../http-parts.ts'

const launch = vi.fn()
let app: App

function make(change: Partial<HttpParts> = {}): App {
  return createHttp({
    engine: { launch } as unknown as Engine,
    drivers: [],
    log: silentLog,
    clock: systemClock,
    system: { version: '0.1.0', home: '/h', pid: 1, startedAt: 0 },
    stop: () => undefined,
    hostPaths: true,
    loopbackOnly: false,
    ...ownerParts(),
    ...change,
  })
}

beforeEach(() => {
  app = make()
})
afterEach(() => app.close())

const call = (method: InjectOptions['method'], url: string, payload?: InjectOptions['payload']) =>
  app.inject({ method, url, ...(payload !== undefined && { payload }) } as InjectOptions)

describe('wrong input', () => {
  it.each([
    ['POST', '/v1/machines', {}, 'name either a template or a snapshot'],
    ['POST', '/v1/machines', { template: 'a', snapshot: 'b' }, 'name either a template or a snapshot'],
    ['POST', '/v1/machines', { template: 'a', colour: 'red' }, 'colour: "red" is not allowed; there is no such field'],
    [
      'POST',
      '/v1/machines',
      { template: 'a', boot: 'hot' },
      'boot: "hot" is not allowed; one of "auto", "warm", "restored", "cold"',
    ],
    ['POST', '/v1/machines', { template: 'a', env: { 'A-B': '1' } }, 'letters, digits and "_"'],
    [
      'POST',
      '/v1/machines',
      { template: 'a', files: [{ path: 'x', content: '' }] },
      'files.0.path: "x" is not allowed; an absolute path',
    ],
    ['POST', '/v1/machines', { template: 'a', files: [{ path: '/x', content: '?' }] }, 'files.0.content'],
    ['POST', '/v1/machines', { template: 'a', resources: { vcpus: 99 } }, 'resources.vcpus: 99 is not allowed; at most 32'],
    ['POST', '/v1/machines', 'not json', 'not valid JSON'],
    ['POST', '/v1/machines', undefined, 'the body is missing'],
    ['POST', '/v1/machines/web/fork', { count: 51 }, 'count: 51 is not allowed; at most 50'],
    ['POST', '/v1/machines/web/fork', { count: 'two' }, 'count: "two" is not allowed; it must be a number'],
    ['POST', '/v1/templates', { name: 'a', source: 'docker:x' }, 'source: "docker:x" is not allowed; builtin:base, debian:'],
    ['POST', '/v1/templates', { name: 'a' }, 'source is missing; it must be a string'],
    ['POST', '/v1/templates', { name: 'a', source: 'builtin:base', ready: { port: 1, log: 'x' } }, 'one of {"command": [...]}'],
    [
      'POST',
      '/v1/templates',
      { name: 'a', source: 'builtin:base', readyTimeoutMs: 1 },
      'readyTimeoutMs: 1 is not allowed; at least 1000',
    ],
    ['GET', '/v1/machines/web/files?path=relative', undefined, 'path: "relative" is not allowed; an absolute path'],
    ['GET', '/v1/machines/web/files/list?path=/&depth=17', undefined, 'at most 16'],
    ['GET', '/v1/machines?al=1', undefined, 'al: "1" is not allowed; there is no such field'],
    ['GET', `/v1/machines/${'x'.repeat(100)}`, undefined, 'at most 63 characters'],
    ['PUT', '/v1/machines/web/files?path=/a&mode=rwx', undefined, 'mode: "rwx" is not allowed; octal permission bits'],
  ] as const)('%s %s %j is refused, saying what is allowed', async (method, url, body, detail) => {
    const headers = body === 'not json' ? { 'content-type': 'application/json' } : {}
    const answer = await app.inject({ method, url, headers, ...(body !== undefined && { payload: body }) } as InjectOptions)
    expect(answer.json()).toMatchObject({ code: 'invalid_input', status: 400, detail: expect.stringContaining(detail) })
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/problem+json; charset=utf-8'])
  })

  it('is refused when it is too long', async () => {
    const answer = await call('POST', '/v1/machines', { template: 'a', secrets: { A: 'x'.repeat(1_100_000) } })
    expect(answer.json()).toMatchObject({ code: 'payload_too_large', status: 413, detail: expect.stringContaining('1 MiB') })
  })

  it('is an address where nothing is', async () => {
    expect((await call('GET', '/v1/sandboxes')).json()).toMatchObject({
      code: 'not_found',
      detail: 'there is no GET /v1/sandboxes',
    })
  })
})

describe('errors', () => {
  it('of the engine keep their code, hint and details', async () => {
    launch.mockRejectedValue(new HearthError('name_taken', 'it is taken', { hint: 'choose another', details: { name: 'web' } }))
    const answer = await call('POST', '/v1/machines', { template: 'a' })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({
      code: 'name_taken',
      detail: 'it is taken',
      hint: 'choose another',
      details: { name: 'web' },
    })
  })

  it('that pass by themselves say when to try again', async () => {
    launch.mockRejectedValue(new HearthError('driver_busy', 'full'))
    const answer = await call('POST', '/v1/machines', { template: 'a' })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
    launch.mockRejectedValue(new HearthError('limit_reached', 'full'))
    expect((await call('POST', '/v1/machines', { template: 'a' })).headers).not.toHaveProperty('retry-after')
  })

  it('that nobody foresaw are internal and logged with their stack', async () => {
    const error = vi.fn()
    app = make({ log: { ...silentLog, error } })
    launch.mockRejectedValue(new TypeError('x is not a function'))
    expect((await call('POST', '/v1/machines', { template: 'a' })).json()).toMatchObject({ code: 'internal', status: 500 })
    expect(error).toHaveBeenCalledWith(
      'http.failed',
      expect.objectContaining({ route: '/v1/machines', stack: expect.stringContaining('TypeError') }),
    )
  })
})
