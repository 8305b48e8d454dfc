import * as http from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Fetch, FetchInit, FetchResponse } from '@hearth/sdk'
import type { Log } from '../log.ts'

/** Connections to one remote server. */
const maxSockets = 16

/**
 * A `fetch` by Node's own HTTP client, over a unix socket or to the host of the address. That client is loaded already and has
 * back-pressure both ways; a full `fetch` would take a third of the time of a short command to load.
 */
export function nodeFetch(log: Log, socketPath?: string): Fetch {
  let agent: http.Agent | undefined
  return async (url, init) => {
    const { pathname, search, protocol } = new URL(url)
    const { method, headers, body, signal } = init
    // TLS takes a while to load.
    const { Agent, request } = protocol === 'https:' ? await import('node:https') : http
    // A new connection to a far server takes a while, and many commands ask more than once.
    if (socketPath === undefined) agent ??= new Agent({ keepAlive: true, maxSockets })
    const where = {
      ...(socketPath === undefined ? {} : { socketPath }),
      method,
      headers,
      agent: agent ?? false,
      ...(signal ? { signal } : {}),
    }
    return new Promise((resolve, reject) => {
      const sent = request(url, where)
      log.debug('http.asking', { method, path: pathname + search })
      const startedAtMs = performance.now()
      sent.once('response', (message) => {
        const tookMs = Math.round(performance.now() - startedAtMs)
        log.debug('http.answered', { method, path: pathname + search, status: message.statusCode, tookMs })
        resolve(responseOf(message))
      })
      // An answer can come before everything was sent: then the answer counts, and this rejection is too late to be heard.
      sent.on('error', reject)
      sendBody(sent, body).catch(reject)
    })
  }
}

async function sendBody(sent: NodeJS.WritableStream & { end(data?: string | Uint8Array): unknown }, body: FetchInit['body']) {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    sent.end(body)
    return
  }
  const stream = body instanceof Blob ? body.stream() : body
  await pipeline(Readable.from(stream), sent)
}

function responseOf(message: http.IncomingMessage): FetchResponse {
  const status = message.statusCode ?? 0
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name) => [message.headers[name.toLowerCase()] ?? []].flat().join(', ') || null },
    body: message,
    async text() {
      const chunks: Buffer[] = []
      for await (const chunk of message) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    },
  }
}
