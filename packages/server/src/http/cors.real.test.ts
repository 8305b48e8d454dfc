import { describe, expect, it } from 'vitest'
import { authBed } from '../auth/testing/auth-bed.ts'

const page = 'https://console.example.org'
const preflight = { origin: page, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' }

describe('web pages of elsewhere', () => {
  it('are refused where nobody allowed them', async () => {
    await using bed = await authBed({ http: { loopbackOnly: false } })
    const { secret } = await bed.key()
    const answer = await bed.ask('/v1/probe/any/read', { key: secret, headers: { origin: page } })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null])
    expect((await bed.ask('/v1/probe/any/read', { method: 'OPTIONS', headers: preflight })).status).toBe(401)
  })

  it('that are allowed may ask, with a key', async () => {
    await using bed = await authBed({ http: { corsOrigins: [page] } })
    const { secret } = await bed.key()
    const asked = await bed.ask('/v1/probe/any/read', { method: 'OPTIONS', headers: preflight })
    expect([asked.status, asked.headers.get('access-control-allow-origin'), asked.headers.get('vary')]).toEqual([
      204,
      page,
      'origin',
    ])
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization')
    expect(asked.headers.get('access-control-allow-methods')).toContain('PATCH')
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
    const answer = await bed.ask('/v1/probe/any/read', { key: secret, headers: { origin: page } })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, page])
    const refused = await bed.ask('/v1/probe/any/read', { headers: { origin: page } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, page])
  })

  it('that are others are not told more', async () => {
    await using bed = await authBed({ http: { corsOrigins: [page], loopbackOnly: false } })
    const other = { ...preflight, origin: 'https://console.example.org.evil.example' }
    const asked = await bed.ask('/v1/probe/any/read', { method: 'OPTIONS', headers: other })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([401, null])
  })

  it('are all allowed with *', async () => {
    await using bed = await authBed({ http: { corsOrigins: ['*'] } })
    const asked = await bed.ask('/v1/probe/any/read', {
      method: 'OPTIONS',
      headers: { ...preflight, origin: 'http://a.example' },
    })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, 'http://a.example'])
  })

  it('cannot reach a loopback port under a name that was made to point there', async () => {
    await using bed = await authBed({ http: { corsOrigins: [page] } })
    const evil = await bed.ask('/v1/probe/open', { headers: { origin: 'https://evil.example' } })
    expect([evil.status, evil.body.code]).toEqual([400, 'invalid_input'])
  })
})
