import { describe, expect, it } from 'vitest'
import { authBed } from './testing/auth-bed.ts'

describe('a request on TCP', () => {
  it('without a key is refused, wherever it goes', async () => {
    await using bed = await authBed()
    for (const path of ['/v1/probe/any/read', '/v1/probe/undeclared', '/v1/keys', '/v1/nowhere', '/openapi.yaml']) {
      const { status, headers, body } = await bed.ask(path)
      expect([path, status, body.code]).toEqual([path, 401, 'unauthenticated'])
      expect(headers.get('www-authenticate')).toBe('Bearer realm="hearth"')
    }
    expect((await bed.ask('/v1/probe/open')).status).toBe(200)
  })

  it.each([
    ['another key', `hearth_${'0'.repeat(40)}`],
    ['no key at all', 'letmein'],
    ['a very long one', 'x'.repeat(8000)],
    ['a path', '../../keys/admin'],
  ])('with %s is refused', async (_what, secret) => {
    await using bed = await authBed()
    await bed.key()
    expect(await bed.ask('/v1/probe/any/read', { key: secret })).toMatchObject({
      status: 401,
      body: { detail: 'the key is not valid' },
    })
  })

  it('takes a key as E2B sends it, and both forms of keys', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key({ format: 'e2b' })
    expect(secret).toMatch(/^e2b_[0-9a-f]{40}$/)
    const asked = await bed.ask('/v1/probe/any/read', { headers: { 'x-api-key': secret } })
    expect([asked.status, asked.body]).toEqual([200, { key: key.id }])
    const other = await bed.key()
    expect((await bed.ask('/v1/probe/any/read', { headers: { authorization: `bearer  ${other.secret}` } })).body).toEqual({
      key: other.key.id,
    })
  })

  it('does not take a key in the address', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    expect((await bed.ask(`/v1/probe/any/read?key=${secret}&ticket=${secret}`)).status).toBe(401)
  })

  it('that has a key finds nothing where nothing is', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key({ scope: 'read', namespaces: ['red'] })
    expect(await bed.ask('/v1/nowhere', { key: secret })).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  it('is refused by a route that does not say what it needs, unless it may do everything', async () => {
    await using bed = await authBed()
    const reader = await bed.key({ scope: 'use' })
    expect((await bed.ask('/v1/probe/undeclared', { key: reader.secret })).status).toBe(403)
    const admin = await bed.key()
    expect((await bed.ask('/v1/probe/undeclared', { key: admin.secret })).status).toBe(200)
  })
})

describe('a key', () => {
  it('that expires opens nothing from that moment on', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key({ ttlMs: 60_000 })
    bed.clock.advance(59_999)
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(200)
    bed.clock.advance(1)
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(401)
  })

  it('that is revoked opens nothing from that moment on', async () => {
    await using bed = await authBed()
    const admin = await bed.key()
    const { key, secret } = await bed.key({ scope: 'use' })
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(200)
    expect((await bed.ask(`/v1/keys/${key.id}`, { method: 'DELETE', key: admin.secret })).status).toBe(204)
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(401)
    expect((await bed.ask(`/v1/keys/${key.id}`, { key: admin.secret })).body).toMatchObject({ state: 'revoked' })
  })

  it('that another server revoked opens nothing three seconds later', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key()
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(200)
    await bed.store.keys.update(key.id, key.rev, { revokedAt: bed.clock.now() })
    bed.clock.advance(3000)
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(401)
  })

  it('of another namespace finds the same there as where no namespace is', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key({ scope: 'admin', namespaces: ['red'] })
    const ask = async (name: string) => {
      const { status, body } = await bed.ask(`/v1/probe/namespaces/${name}/read`, { key: secret })
      return { status, body: JSON.stringify({ ...body, requestId: '' }).replaceAll(name, 'NAME') }
    }
    const there = await ask('blue')
    expect(there).toEqual(await ask('nowhere'))
    expect(there.status).toBe(404)
    expect((await bed.ask('/v1/probe/default/read', { key: secret })).status).toBe(404)
    expect((await bed.ask('/v1/probe/namespaces/red/read', { key: secret })).status).toBe(200)
  })

  it('with a small scope is told which one it lacks', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key({ scope: 'read', namespaces: ['red'] })
    expect(await bed.ask('/v1/probe/namespaces/red/use', { key: secret })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', details: { needs: 'use', has: 'read' } },
    })
    expect(await bed.ask('/v1/probe/server/read', { key: secret })).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(200)
  })
})

describe('limits', () => {
  it('of a key are told, kept, and over after a while', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key({ requestsPerMinute: 3 })
    const left: (string | null)[] = []
    for (let n = 0; n < 3; n++)
      left.push((await bed.ask('/v1/probe/any/read', { key: secret })).headers.get('ratelimit-remaining'))
    expect(left).toEqual(['2', '1', '0'])
    const refused = await bed.ask('/v1/probe/any/read', { key: secret })
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited' } })
    expect([refused.headers.get('retry-after'), refused.headers.get('ratelimit-limit')]).toEqual(['20', '3'])
    bed.clock.advance(20_000)
    expect((await bed.ask('/v1/probe/any/read', { key: secret })).status).toBe(200)
  })

  it('of one key are not those of another', async () => {
    await using bed = await authBed({ requestsPerMinute: 1 })
    const [one, two] = [await bed.key(), await bed.key()]
    const ask = async (key: string) => (await bed.ask('/v1/probe/any/read', { key })).status
    expect([await ask(one.secret), await ask(one.secret), await ask(two.secret)]).toEqual([200, 429, 200])
  })

  it('stop whoever tries keys, not those whose keys are known', async () => {
    await using bed = await authBed()
    const known = await bed.key()
    const fresh = await bed.key()
    await bed.ask('/v1/probe/any/read', { key: known.secret })
    const wrong = { key: `hearth_${'1'.repeat(40)}` }
    for (let n = 0; n < 60; n++) expect((await bed.ask('/v1/probe/any/read', wrong)).status).toBe(401)
    const refused = await bed.ask('/v1/probe/any/read', wrong)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect((await bed.ask('/v1/probe/any/read', { key: fresh.secret })).status).toBe(429)
    expect((await bed.ask('/v1/probe/any/read', { key: known.secret })).status).toBe(200)
    bed.clock.advance(1000)
    expect((await bed.ask('/v1/probe/any/read', { key: fresh.secret })).status).toBe(200)
  })
})

describe('the log', () => {
  it('holds no key, whatever happens to it', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key({ scope: 'read', requestsPerMinute: 4 })
    const wrong = `hearth_${'2'.repeat(40)}`
    await bed.ask(`/v1/probe/any/read?key=${secret}`, { key: secret })
    await bed.ask('/v1/probe/broken', { key: secret, headers: { 'x-request-id': 'mine-1' } })
    await bed.ask('/v1/probe/any/admin', { key: secret })
    await bed.ask('/v1/probe/any/read', { key: wrong })
    await bed.auth.audit.flush()
    expect(bed.logged.length).toBeGreaterThan(3)
    const text = bed.logged.join('\n') + JSON.stringify(await bed.store.audit.page({ limit: 100 }))
    for (const one of [secret, wrong]) expect(text).not.toContain(one.slice(20))
    expect(bed.logged.find((line) => line.includes('http.failed'))).toContain('"requestId":"mine-1"')
    expect(bed.logged.find((line) => line.includes('auth.refused'))).toContain('"address":"127.0.0.1"')
  })

  it('and every answer name the request', async () => {
    await using bed = await authBed()
    const given = await bed.ask('/v1/probe/any/read', { headers: { 'x-request-id': 'order-4711' } })
    expect([given.headers.get('x-request-id'), given.body.requestId]).toEqual(['order-4711', 'order-4711'])
    const insane = await bed.ask('/v1/probe/open', { headers: { 'x-request-id': '<script>' } })
    expect(insane.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
    const long = await bed.ask('/v1/nowhere', { headers: { 'x-request-id': 'a'.repeat(129) } })
    expect(long.body.requestId).toMatch(/^[0-9a-f-]{36}$/)
  })
})
