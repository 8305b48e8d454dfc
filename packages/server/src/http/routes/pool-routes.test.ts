import type { Engine } from '@hearth/engine'
import { HearthError, silentLog, systemClock } from '@hearth/model'
import type { InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ownerParts } from '../../auth/testing/test-auth.ts'
import { createHttp } from '../create-http.ts'
import type { App } from '../http-parts.ts'
import { pool, scriptedEngine, scriptedSession } from '../testing/scripted-engine.ts'

let engine: ReturnType<typeof scriptedEngine>
let app: App

beforeEach(() => {
  engine = scriptedEngine(scriptedSession())
  app = createHttp({
    engine: engine as unknown as Engine,
    drivers: [],
    log: silentLog,
    clock: systemClock,
    system: { version: '0', home: '/h', pid: 1, startedAt: 0 },
    stop: () => undefined,
    hostPaths: true,
    loopbackOnly: false,
    ...ownerParts(),
    checkAnswers: true,
  })
})
afterEach(() => app.close())

const call = (method: InjectOptions['method'], url: string, payload?: object, headers: Record<string, string> = {}) =>
  app.inject({ method, url, headers, ...(payload !== undefined && { payload }) } as InjectOptions)

describe('a pool', () => {
  it('shows how it stands, with its hit ratio and the reason why nothing comes', async () => {
    const answer = await call('GET', '/v1/pools/base')
    expect(answer.headers.etag).toBe('"4"')
    expect(answer.json()).toMatchObject({
      template: 'base',
      version: 2,
      rollout: { state: 'probation', probationUntil: '1970-01-01T00:01:01.000Z' },
      stats: {
        refill: 'not_progressing',
        reason: 'validator port 80 failed',
        hitRatio: 0.9,
        counters: { misses: { pool_empty: 1 } },
      },
    })
  })

  it('is never "not modified": how it stands changes without its revision', async () => {
    expect((await call('GET', '/v1/pools/base', undefined, { 'if-none-match': '"4"' })).statusCode).toBe(200)
  })

  it('is set anew with PUT, and changed with PATCH, only at the revision that is named', async () => {
    await call('PUT', '/v1/pools/base', { template: 'base@2', settings: { max: 8 } }, { 'if-match': '"4"' })
    const wanted = { template: 'base@2', settings: { max: 8 }, cutOver: false }
    expect(engine.pools.set).toHaveBeenLastCalledWith('base', { ...wanted, replace: true }, { ifRev: 4 })
    await call('PATCH', '/v1/pools/base', { settings: { min: 0, autoscale: null }, cutOver: true })
    expect(engine.pools.set).toHaveBeenLastCalledWith('base', { settings: { min: 0, autoscale: null }, cutOver: true }, {})
    await call('POST', '/v1/pools/base/drain', undefined, { 'if-match': '"5"' })
    expect(engine.pools.drain).toHaveBeenLastCalledWith('base', { ifRev: 5 })
  })

  it('that is not there is not made by PATCH', async () => {
    engine.pools.get.mockRejectedValueOnce(new HearthError('pool_not_found', 'no'))
    expect((await call('PATCH', '/v1/pools/nosuch', { settings: {} })).statusCode).toBe(404)
    expect(engine.pools.set).not.toHaveBeenCalled()
  })

  it.each([
    [{ settings: { min: -1 } }, 'settings.min: -1 is not allowed; at least 0'],
    [{ settings: { refillIntervalMs: 5 } }, 'settings.refillIntervalMs: 5 is not allowed; at least 100'],
    [{ settings: { snapshotMaxAgeMs: 59_999 } }, 'settings.snapshotMaxAgeMs: 59999 is not allowed; at least 60000'],
    [{ settings: { validators: [{ kind: 'http', port: 80, path: 'healthz' }] } }, 'a path such as /healthz'],
    [{ settings: { validators: [{ kind: 'port', port: 0 }] } }, 'settings.validators.0.port: 0 is not allowed; at least 1'],
    [{ size: 3 }, 'size'],
  ])('of %j is refused by name', async (body, message) => {
    const answer = await call('PUT', '/v1/pools/base', body)
    expect(answer.json()).toMatchObject({ status: 400, code: 'invalid_input', detail: expect.stringContaining(message) })
  })

  it('without a rollout says so', async () => {
    const { rollout: _, ...without } = pool.pool
    engine.pools.get.mockResolvedValueOnce({ ...pool, pool: without })
    expect((await call('GET', '/v1/pools/base/rollout')).json()).toMatchObject({ status: 404, code: 'not_found' })
  })

  it('that cannot be filled within the wait says why', async () => {
    engine.pools.warm.mockRejectedValueOnce(new HearthError('driver_unavailable', 'pool base makes no progress: disk full'))
    const answer = await call('POST', '/v1/pools/base/warm?wait=5')
    expect(answer.json()).toMatchObject({ status: 503, detail: 'pool base makes no progress: disk full' })
    expect(answer.headers['retry-after']).toBe('1')
  })
})

describe('a launch that must be warm', () => {
  it('reaches the engine', async () => {
    await call('POST', '/v1/machines', { template: 'base', boot: 'warm' })
    expect(engine.launch.mock.calls[0]?.slice(0, 1)).toMatchObject([{ template: 'base', boot: 'warm' }])
  })

  it('says when to try again where the pool is only not filled', async () => {
    const refusal = (code: string) =>
      new HearthError('boot_method_unavailable', 'no machine is ready', { details: { reasons: [{ code, detail: '' }] } })
    engine.launch.mockRejectedValueOnce(refusal('pool_not_ready'))
    const soon = await call('POST', '/v1/machines', { template: 'base', boot: 'warm' })
    expect([soon.statusCode, soon.headers['retry-after']]).toEqual([409, '1'])
    engine.launch.mockRejectedValueOnce(refusal('pool_unregistered'))
    const never = await call('POST', '/v1/machines', { template: 'base', boot: 'warm' })
    expect([never.statusCode, never.headers['retry-after']]).toEqual([409, undefined])
  })
})
