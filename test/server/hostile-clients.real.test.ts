import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { apiClient, type Call } from './support/api-client.ts'
import { buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let home: string
let server: MemoryServer
let call: Call
const sockets: Socket[] = []

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home)
  call = apiClient(home)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
  await folder[Symbol.asyncDispose]()
})

/** What the server says to these bytes until it closes. */
async function said(bytes: string | Buffer): Promise<string> {
  const socket = await opened()
  const answer = text(socket)
  socket.end(bytes)
  return answer
}

async function opened(): Promise<Socket> {
  const socket = connect({ path: join(home, 'hearth.sock'), allowHalfOpen: true })
  sockets.push(socket)
  socket.on('error', () => undefined) // Some are cut off on purpose.
  await once(socket, 'connect')
  return socket
}

const post = (body: string, headers = '') =>
  `POST /v1/machines HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

describe('the server goes on serving', () => {
  afterEach(async () => expect((await call('GET', '/healthz')).status).toBe(200))

  it.each([
    ['a body that is too large', post('{').replace('content-length: 1', 'content-length: 1048577'), 413, 'payload_too_large'],
    ['JSON that would change prototypes', post('{"template":"base","__proto__":{"a":1}}'), 400, 'invalid_input'],
    [
      'JSON that would change constructors',
      post('{"template":"base","constructor":{"prototype":{"a":1}}}'),
      400,
      'invalid_input',
    ],
    ['JSON nested too deeply for its own good', post('['.repeat(100_000) + ']'.repeat(100_000)), 400, 'invalid_input'],
    ['no JSON', post('{"template":'), 400, 'invalid_input'],
    ['a list where an object is due', post('[]'), 400, 'invalid_input'],
    ['null', post('null'), 400, 'invalid_input'],
    ['another type', post('a=b').replace('application/json', 'application/x-www-form-urlencoded'), 400, 'invalid_input'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(post('{"template":"xx"}').slice(0, -4)), Buffer.from([0xff, 0xfe, 0x22, 0x7d])]),
      400,
      'invalid_input',
    ],
  ] as const)('after %s', async (_what, bytes, status, code) => {
    const answer = await said(bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toContain(`"code":"${code}"`)
  })

  it.each([
    'GET /v1/machines/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    'GET /v1/machines/..%00',
    'GET /v1/snapshots/..%2f..%2fhearth.db',
    'GET /v1/templates/..%2f..%2fkeys@1',
    'GET /v1/namespaces/..%2fdefault/machines',
    'GET /v1/namespaces/%F0%9F%94%A5/machines',
    'DELETE /v1/snapshots/s-%2e%2e',
    'GET /v1/machines/%zz',
    'GET /v1/machines/web/files?path=/a%00b',
    'GET /v1/machines/web/files?path=..%2f..%2fetc%2fshadow',
    'GET /v1/machines?label=%00=x',
    'GET /v1/machines?limit=1e9',
    'GET /v1/machines?limit=10&limit=20',
    'GET /v1/machines?state[]=running',
    'GET /v1/../v1/../healthz/..',
    'GET //v1/machines',
    `GET /v1/machines/${'a'.repeat(5000)}`,
    'GET /v1/machines/m-0000000000000000/ports/80%2f..%2f..',
  ])('after %s, which is nobody', async (line) => {
    await buildBase(home)
    const [method = '', path = ''] = line.split(' ')
    const answer = await said(`${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 4(00|04|14) /)
    expect(answer).toMatch(/"code":"(invalid_input|[a-z]*_?not_found)"/)
  })

  it('after a client that half closes its connection, and still gets its answer', async () => {
    expect(await said('GET /v1/machines HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 200 .*"items":\[\]/s,
    )
  })

  it('after clients that stop in the middle of a request, and others that say nothing', async () => {
    const silent = await Promise.all(Array.from({ length: 20 }, opened))
    for (const [index, socket] of silent.entries()) {
      if (index % 2 === 0)
        socket.write('POST /v1/machines HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{')
      else socket.write('GET /v1/machines HTTP/1.1\r\nho')
    }
    expect((await call('GET', '/v1/machines')).status).toBe(200)
  })

  it('after two requests in one connection whose lengths disagree', async () => {
    const smuggled =
      'POST /v1/machines HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/config HTTP/1.1\r\nhost: x\r\n\r\n'
    expect(await said(smuggled)).toMatch(/^HTTP\/1.1 400 /)
  })

  it.each(['/v1/events', '/v1/namespaces/default/events', '/v1/templates/base/events', '/v1/machines/web/logs?follow=1'])(
    'after a HEAD of %s, which would have no end',
    async (path) => expect((await call('HEAD', path)).status).toBe(404),
  )

  it('after headers without end', async () => {
    expect(await said(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /)
  })

  it('after a listener that reads nothing', async () => {
    await buildBase(home)
    const lazy = await opened()
    lazy.pause()
    lazy.write('GET /v1/events?after=0 HTTP/1.1\r\nhost: x\r\n\r\n')
    for (let n = 0; n < 20; n++) {
      const made = await call('POST', '/v1/machines', { template: 'base' })
      await call('DELETE', `/v1/machines/${(made.body as { id: string }).id}`)
    }
  })
})
