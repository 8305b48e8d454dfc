import { once } from 'node:events'
import type { AuditEntry } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type AuthBed, authBed } from './testing/auth-bed.ts'

/** What the audit log holds, oldest first. */
async function entries(bed: AuthBed): Promise<Omit<AuditEntry, 'at' | 'seq'>[]> {
  const { items } = await bed.auth.auditPage({ limit: 100 })
  return items.map(({ at: _at, seq: _seq, ...entry }) => entry).reverse()
}

describe('the audit log', () => {
  it('tells of each request that could change something: who, what, where, with which result', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key({ scope: 'use', namespaces: ['red'] })
    const ask = (path: string, method: string) =>
      bed.ask(`/v1/probe${path}`, { method, key: secret, headers: { 'x-request-id': `${method}${path}` } })
    await ask('/namespaces/red/use?secret=1', 'POST')
    await ask('/namespaces/red/admin', 'POST')
    await ask('/namespaces/blue/use', 'POST')
    await ask('/namespaces/red/read', 'GET')
    expect(await entries(bed)).toMatchObject([
      { key: key.id, method: 'POST', path: '/v1/probe/namespaces/red/use', namespace: 'red', status: 200 },
      { key: key.id, method: 'POST', path: '/v1/probe/namespaces/red/admin', namespace: 'red', status: 403 },
      { key: key.id, method: 'POST', path: '/v1/probe/namespaces/blue/use', status: 404 },
    ])
    expect((await entries(bed)).map((one) => one.requestId)).toContain('POST/namespaces/red/admin')
  })

  it('has nothing of those whom nobody knows', async () => {
    await using bed = await authBed()
    await bed.ask('/v1/probe/namespaces/red/use', { method: 'POST' })
    await bed.ask('/v1/probe/namespaces/red/use', { method: 'POST', key: `hearth_${'3'.repeat(40)}` })
    expect(await entries(bed)).toEqual([])
  })

  it('has WebSockets, once', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key()
    const path = '/v1/namespaces/red/probe/socket'
    const socket = new WebSocket(bed.url.replace('http', 'ws') + path, { headers: { 'x-api-key': secret } })
    await once(socket, 'close')
    expect(await entries(bed)).toMatchObject([{ key: key.id, method: 'GET', path, namespace: 'red', status: 101 }])
  })

  it('has the owner of the server without a key', async () => {
    await using bed = await authBed({ http: { everyoneIsOwner: true } })
    await bed.ask('/v1/probe/namespaces/red/use', { method: 'POST' })
    const [entry] = await entries(bed)
    expect(entry).toMatchObject({ method: 'POST', status: 200 })
    expect(entry).not.toHaveProperty('key')
  })

  it('is written a second later', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    await bed.ask('/v1/probe/namespaces/red/use', { method: 'POST', key: secret })
    const written = async () => (await bed.store.audit.page({ limit: 10 })).items.length
    expect(await written()).toBe(0)
    bed.clock.advance(1000)
    await bed.auth.audit.flush()
    expect(await written()).toBe(1)
  })

  it('is read by who may do everything, page by page', async () => {
    await using bed = await authBed()
    const admin = await bed.key()
    const local = await bed.key({ namespaces: ['red'] })
    for (let n = 0; n < 3; n++) await bed.ask(`/v1/probe/namespaces/red/use?${n}`, { method: 'POST', key: local.secret })
    expect((await bed.ask('/v1/audit', { key: local.secret })).status).toBe(403)
    const first = await bed.ask('/v1/audit?limit=2', { key: admin.secret })
    expect((first.body.items as unknown[]).length).toBe(2)
    const rest = await bed.ask(`/v1/audit?limit=2&cursor=${encodeURIComponent(String(first.body.next))}`, { key: admin.secret })
    expect([(rest.body.items as unknown[]).length, rest.body.next]).toEqual([1, undefined])
    expect((await bed.ask('/v1/audit?limit=2&cursor=nonsense', { key: admin.secret })).status).toBe(400)
  })
})
