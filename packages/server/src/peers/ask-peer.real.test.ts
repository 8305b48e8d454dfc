import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { ServerEntry } from '@hearth/model'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { askPeer, NotReached } from './ask-peer.ts'

const entry: ServerEntry = { host: 'h-9', socket: '/nowhere.sock', computer: 'theirs', secret: 's', startedAt: 0, untilMs: 0 }
const asked = { method: 'GET', url: '/v1/x?y=1', headers: {}, signal: new AbortController().signal }

let server: Server
let url: string
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/broken') return request.socket.destroy()
    return response.end(`${request.headers.host} ${request.url}`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

it('asks a server on another computer at the address that it tells', async () => {
  const answer = await askPeer({ ...entry, url }, 'ours', asked, (outgoing) => outgoing.end())
  expect(answer.kind).toBe('response')
  expect(await text(answer.response)).toBe(`${new URL(url).host} /v1/x?y=1`)
})

it('takes the address too where the socket of the same computer is not to be seen', async () => {
  const { response } = await askPeer({ ...entry, url }, 'theirs', asked, (outgoing) => outgoing.end())
  expect(response.statusCode).toBe(200)
  response.resume()
})

it('tells one that cannot be reached from one that went away', async () => {
  const ask = (change: Partial<ServerEntry>, path = '/') =>
    askPeer({ ...entry, ...change }, 'ours', { ...asked, url: path }, (outgoing) => outgoing.end()).catch((error) => error)
  expect(await ask({})).toBeInstanceOf(NotReached)
  expect(await ask({ url: 'http://127.0.0.1:1' })).toBeInstanceOf(NotReached)
  const broken = await ask({ url }, '/broken')
  expect(broken).not.toBeInstanceOf(NotReached)
  expect(broken).toMatchObject({ code: 'host_unavailable', details: { host: 'h-9', retryAfterMs: 2000 } })
})
