import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type AuthBed, authBed } from './testing/auth-bed.ts'

const path = '/v1/namespaces/red/probe/socket'

/** What a WebSocket says first, or the status with which it is refused. */
async function dial(bed: AuthBed, address: string, headers: Record<string, string> = {}): Promise<unknown> {
  const socket = new WebSocket(bed.url.replace('http', 'ws') + address, { headers })
  socket.on('error', () => undefined)
  const refused = once(socket, 'unexpected-response').then(([, answer]) => answer.statusCode as number)
  const said = once(socket, 'message').then(([data]) => JSON.parse(String(data)))
  try {
    return await Promise.race([refused, said])
  } finally {
    socket.terminate()
  }
}

async function ticketOf(bed: AuthBed, key: string, where = path): Promise<string> {
  const { status, body, headers } = await bed.ask('/v1/tickets', { method: 'POST', key, json: { path: where } })
  expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
  return body.ticket as string
}

describe('a WebSocket', () => {
  it('opens with a key, and not without', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key({ scope: 'use', namespaces: ['red'] })
    expect(await dial(bed, path, { authorization: `Bearer ${secret}` })).toEqual({ key: key.id })
    expect(await dial(bed, path)).toBe(401)
    const reader = await bed.key({ scope: 'read' })
    expect(await dial(bed, path, { 'x-api-key': reader.secret })).toBe(403)
    const stranger = await bed.key({ namespaces: ['blue'] })
    expect(await dial(bed, path, { 'x-api-key': stranger.secret })).toBe(404)
  })

  it('tells under which id it is found', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    const socket = new WebSocket(bed.url.replace('http', 'ws') + path, {
      headers: { 'x-api-key': secret, 'x-request-id': 'mine' },
    })
    const [answer] = await once(socket, 'upgrade')
    expect(answer.headers['x-request-id']).toBe('mine')
    await once(socket, 'close')
  })

  it('that is refused leaves no connection behind', async () => {
    await using bed = await authBed()
    const upgrade =
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    const { port } = new URL(bed.url)
    for (const [host, where] of [
      ['127.0.0.1', path],
      ['127.0.0.1', '/v1/nowhere'],
      ['evil.example', path],
    ]) {
      const socket = connect(Number(port), '127.0.0.1')
      socket.write(`GET ${where} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n`)
      expect(await text(socket)).toMatch(/^HTTP\/1.1 4/)
    }
  })

  it('opens once with a ticket, in the name of its key', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key({ scope: 'use', namespaces: ['red'] })
    const ticket = await ticketOf(bed, secret)
    expect(await dial(bed, `${path}?ticket=${ticket}`)).toEqual({ key: key.id })
    expect(await dial(bed, `${path}?ticket=${ticket}`)).toBe(401)
  })
})

describe('a ticket', () => {
  it('is good for its path alone, and used up by a wrong one', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    const ticket = await ticketOf(bed, secret, '/v1/namespaces/blue/probe/socket')
    expect(await dial(bed, `${path}?ticket=${ticket}`)).toBe(401)
    expect(await dial(bed, `/v1/namespaces/blue/probe/socket?ticket=${ticket}`)).toBe(401)
  })

  it('is good for 30 seconds', async () => {
    await using bed = await authBed()
    const { key, secret } = await bed.key()
    const [early, late] = [await ticketOf(bed, secret), await ticketOf(bed, secret)]
    bed.clock.advance(29_999)
    expect(await dial(bed, `${path}?ticket=${early}`)).toEqual({ key: key.id })
    bed.clock.advance(1)
    expect(await dial(bed, `${path}?ticket=${late}`)).toBe(401)
  })

  it('may no more than its key by then', async () => {
    await using bed = await authBed()
    const admin = await bed.key()
    const { key, secret } = await bed.key({ scope: 'use' })
    const ticket = await ticketOf(bed, secret)
    await bed.ask(`/v1/keys/${key.id}`, { method: 'DELETE', key: admin.secret })
    expect(await dial(bed, `${path}?ticket=${ticket}`)).toBe(401)
  })

  it('is for who may use the namespace', async () => {
    await using bed = await authBed()
    const ask = async (key: string) => {
      const { status, body } = await bed.ask('/v1/tickets', { method: 'POST', key, json: { path } })
      return [status, body.code]
    }
    expect(await ask((await bed.key({ scope: 'read' })).secret)).toEqual([403, 'forbidden'])
    expect(await ask((await bed.key({ namespaces: ['blue'] })).secret)).toEqual([404, 'namespace_not_found'])
  })

  it('opens nothing but WebSockets', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    const ticket = await ticketOf(bed, secret, '/v1/probe/any/read')
    expect((await bed.ask(`/v1/probe/any/read?ticket=${ticket}`)).status).toBe(401)
    expect((await bed.ask('/v1/probe/any/read', { key: ticket })).status).toBe(401)
  })

  it.each(['', 'exec', '/v2/x', '/v1/machines/a?ticket=1', '/v1/a b', '//evil.example/v1/x'])(
    'is not made for %j',
    async (where) => {
      await using bed = await authBed()
      const { secret } = await bed.key()
      expect(await bed.ask('/v1/tickets', { method: 'POST', key: secret, json: { path: where } })).toMatchObject({
        status: 400,
        body: { code: 'invalid_input' },
      })
    },
  )

  it('is not made without end', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    for (let n = 0; n < 100; n++) await ticketOf(bed, secret)
    const refused = await bed.ask('/v1/tickets', { method: 'POST', key: secret, json: { path } })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30'])
    bed.clock.advance(30_000)
    await ticketOf(bed, secret)
  })
})
