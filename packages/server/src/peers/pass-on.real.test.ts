import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { FastifyRequest } from 'fastify'
import { expect, it } from 'vitest'
import { ownerCaller } from '../auth/caller.ts'
import { askPeer } from './ask-peer.ts'
import { headersFor } from './pass-on.ts'
import type { Peers } from './peers.ts'

const self = { host: 'h-1', computer: 'ours' }
const entry = { host: 'h-2', socket: '/nowhere.sock', computer: 'theirs', secret: 's', startedAt: 0, untilMs: 0 }
const smuggled = 'POST /v1/keys HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n'

it.each(['GET', 'DELETE', 'POST'])(
  'passes a body of unknown length of %s on as a body, never as a further request',
  async (method) => {
    const seen: string[] = []
    const server = createServer(async (request, response) => {
      seen.push(`${request.method} ${request.url}`)
      response.end(await text(request))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const passage = { method, url: '/v1/machines/m-1/files', to: entry.host, secret: entry.secret }
    const raw = { headers: { 'transfer-encoding': 'chunked' } }
    const request = { caller: ownerCaller, raw, id: 'r', ws: false } as unknown as FastifyRequest
    const headers = headersFor({ self, now: 0 } as unknown as Peers, request, passage)
    const asked = { method, url: passage.url, headers, signal: new AbortController().signal }
    try {
      const answer = await askPeer({ ...entry, url }, self.computer, asked, (outgoing) => {
        pipeline(Readable.from([smuggled]), outgoing, () => undefined)
      })
      expect(await text(answer.response)).toBe(smuggled)
      expect(seen).toEqual([`${method} ${passage.url}`])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)
