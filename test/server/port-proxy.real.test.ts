import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { buffer, json, text } from 'node:stream/consumers'
import { HearthError } from '@hearth/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { scriptedApi } from './support/socket-bed.ts'

let folder: ScratchFolder
let socketPath: string
let api: Awaited<ReturnType<typeof scriptedApi>>
let service: Server
let answer: (asked: IncomingMessage, reply: ServerResponse) => void
const ends: (() => void)[] = []

/** The machine's port 80 is our service; nobody listens on the others, but on 81 somebody who speaks no HTTP. */
beforeEach(async () => {
  folder = await scratchFolder()
  socketPath = join(folder.path, 's')
  service = createServer((asked, reply) => answer(asked, reply))
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  const mute = createTcpServer((socket) => socket.end('this is no HTTP\r\n\r\n'))
  mute.listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const ports = new Map([
    [80, (service.address() as AddressInfo).port],
    [81, (mute.address() as AddressInfo).port],
  ])
  api = await scriptedApi(socketPath, {
    dial: async (port) => {
      const real = ports.get(port)
      if (real === undefined) throw new HearthError('guest_error', `nobody listens on port ${port}`)
      const stream = connect({ port: real, host: '127.0.0.1', allowHalfOpen: true })
      await once(stream, 'connect')
      return stream
    },
    listeningPorts: async () => [80, 81],
  })
  ends.push(() => mute.close())
})
afterEach(async () => {
  for (const end of ends.splice(0)) end()
  await api.close()
  service.closeAllConnections()
  service.close()
  await folder[Symbol.asyncDispose]()
})

function ask(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers: options.headers ?? {}, agent: false })
    asked.once('response', resolve)
    asked.once('error', reject)
    asked.end(options.body)
  })
}

describe('a service inside a machine', () => {
  it('gets each request as it was written, without what is for Hearth', async () => {
    answer = (asked, reply) => {
      void text(asked).then((body) => {
        reply.writeHead(207, {
          'content-type': 'application/json',
          'set-cookie': ['a=1', 'b=2'],
          'x-own': 'yes',
          connection: 'close, x-secret-hop',
          'x-secret-hop': '1',
        })
        reply.end(JSON.stringify({ method: asked.method, url: asked.url, headers: asked.headers, body }))
      })
    }
    const got = await ask('PATCH', '/v1/machines/m/ports/80/a%2Fb/../c?x=1&ticket=t-123&y=%20', {
      headers: {
        host: 'hearth.example:1',
        authorization: 'Bearer hearth_secret',
        'x-api-key': 'hearth_secret',
        'idempotency-key': 'k',
        'x-forwarded-for': '6.6.6.6',
        connection: 'x-hop',
        'x-hop': '1',
        cookie: 'session=1',
        'content-type': 'application/json',
      },
      body: '{"not": checked',
    })
    expect([got.statusCode, got.headers['set-cookie'], got.headers['x-own']]).toEqual([207, ['a=1', 'b=2'], 'yes'])
    expect(got.headers).not.toHaveProperty('x-secret-hop')
    const told = (await json(got)) as { method: string; url: string; headers: Record<string, string>; body: string }
    expect(told).toMatchObject({ method: 'PATCH', url: '/a%2Fb/../c?x=1&y=%20', body: '{"not": checked' })
    expect(told.headers).toMatchObject({
      host: 'localhost:80',
      'x-forwarded-host': 'hearth.example:1',
      'x-forwarded-proto': 'http',
      'x-forwarded-prefix': '/v1/machines/m/ports/80',
      cookie: 'session=1',
    })
    expect(JSON.stringify(told.headers)).not.toMatch(/hearth_secret|6\.6\.6\.6|x-hop|idempotency/)
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('is asked with %s', async (method) => {
    answer = (asked, reply) => reply.setHeader('x-method', asked.method ?? '').end('ok')
    const got = await ask(method, '/v1/machines/m/ports/80')
    expect([got.statusCode, got.headers['x-method'], await text(got)]).toEqual([200, method, method === 'HEAD' ? '' : 'ok'])
  })

  it.each(['GET', 'POST', 'DELETE'])('gets a body of unknown length with %s', async (method) => {
    answer = (asked, reply) => void asked.pipe(reply)
    const headers = { 'transfer-encoding': 'chunked' }
    expect(await text(await ask(method, '/v1/machines/m/ports/80', { headers, body: 'all of it' }))).toBe('all of it')
  })

  it('may have long addresses', async () => {
    answer = (asked, reply) => reply.end(asked.url)
    const path = `/${'a'.repeat(3000)}/${'b'.repeat(3000)}`
    expect(await text(await ask('GET', `/v1/machines/m/ports/80${path}`))).toBe(path)
  })

  it('takes and gives megabytes without their being kept anywhere', async () => {
    const sent = Buffer.alloc(8 * 1024 * 1024, 'hearth')
    answer = (asked, reply) => void asked.pipe(reply)
    const got = await buffer(await ask('POST', '/v1/machines/m/ports/80/echo', { body: sent }))
    expect(digest(got)).toBe(digest(sent))
  })

  it('may answer bit by bit', async () => {
    const more = Promise.withResolvers<void>()
    answer = (_asked, reply) => {
      reply.write('first')
      void more.promise.then(() => reply.end('second'))
    }
    const got = await ask('GET', '/v1/machines/m/ports/80')
    const chunks = got.iterator()
    expect(String((await chunks.next()).value)).toBe('first')
    more.resolve()
    expect(String((await chunks.next()).value)).toBe('second')
  })

  it('notices that its client has gone', async () => {
    const gone = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    answer = (_asked, reply) => {
      reply.once('close', gone.resolve)
      reply.write('first')
      begun.resolve()
    }
    const got = await ask('GET', '/v1/machines/m/ports/80')
    await begun.promise
    got.destroy()
    await gone.promise
  })

  it.each([
    ['where nobody listens', 82, 502, 'guest_error'],
    ['that speaks no HTTP', 81, 502, 'guest_unreachable'],
    ['on a port that cannot be', 0, 400, 'invalid_input'],
    ['on a port that cannot be', 65_536, 400, 'invalid_input'],
  ] as const)('%s (%d) is a problem', async (_what, port, status, code) => {
    const got = await ask('GET', `/v1/machines/m/ports/${port}/`)
    expect([got.statusCode, await json(got)]).toEqual([status, expect.objectContaining({ code })])
  })

  it('in a machine that does not run is a conflict', async () => {
    expect((await ask('GET', '/v1/machines/paused/ports/80')).statusCode).toBe(409)
  })

  it('that breaks off its answer breaks off ours', async () => {
    answer = (_asked, reply) => {
      reply.writeHead(200, { 'content-length': '100' })
      reply.write('half')
      setImmediate(() => reply.destroy())
    }
    await expect(ask('GET', '/v1/machines/m/ports/80').then(text)).rejects.toThrow()
  })

  it('is found among the ports of its machine', async () => {
    expect(await json(await ask('GET', '/v1/machines/m/ports'))).toEqual({ items: [{ port: 80 }, { port: 81 }] })
  })
})

describe('a WebSocket to a service inside a machine', () => {
  it('carries messages both ways, with the path and protocol that were asked for', async () => {
    const sockets = new WebSocketServer({ server: service, handleProtocols: () => 'chat' })
    sockets.on('connection', (socket, asked) => {
      socket.send(`${asked.url} ${asked.headers.authorization ?? 'no key'}`)
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
    })
    ends.push(() => sockets.close())
    const client = new WebSocket(`ws+unix://${socketPath}:/v1/machines/m/ports/80/live?a=1`, 'chat', {
      headers: { authorization: 'Bearer hearth_secret' },
    })
    const messages: string[] = []
    client.on('message', (data) => messages.push(String(data)))
    await once(client, 'open')
    expect(client.protocol).toBe('chat')
    client.send('hello')
    client.send(Buffer.alloc(100_000, 'x'))
    await expect.poll(() => messages.length).toBe(3)
    expect(messages.slice(0, 2)).toEqual(['/live?a=1 no key', 'hello'])
    expect(messages[2]).toHaveLength(100_000)
    client.close(4001)
    const [code] = await once(client, 'close')
    expect(code).toBe(4001)
  })

  it('that the service refuses is refused with its words', async () => {
    answer = (_asked, reply) => void reply.writeHead(404).end('no such room')
    service.on('upgrade', (_asked, socket) => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 12\r\n\r\nno such room'))
    const client = new WebSocket(`ws+unix://${socketPath}:/v1/machines/m/ports/80/live`)
    const [, got] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
    expect([got.statusCode, await text(got)]).toEqual([404, 'no such room'])
  })

  it('where nobody listens is a problem', async () => {
    const client = new WebSocket(`ws+unix://${socketPath}:/v1/machines/m/ports/82/`)
    const [, got] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage]
    expect(await json(got)).toMatchObject({ code: 'guest_error' })
  })

  it('ends with the server', async () => {
    const sockets = new WebSocketServer({ server: service })
    ends.push(() => sockets.close())
    const client = new WebSocket(`ws+unix://${socketPath}:/v1/machines/m/ports/80/live`)
    await once(client, 'open')
    const closed = once(client, 'close')
    await api.close()
    await closed
  })
})

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
