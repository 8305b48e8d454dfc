import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { App } from '../http-parts.ts'

/** What clients send behind a request to change protocols, before they have the answer. */
export interface EarlyBytes {
  of(request: IncomingMessage): Buffer
}

export function rememberEarlyBytes(app: App): EarlyBytes {
  const heads = new WeakMap<IncomingMessage, Buffer>()
  app.server.prependListener('upgrade', (request: IncomingMessage, _socket: Duplex, head: Buffer) => heads.set(request, head))
  return { of: (request) => heads.get(request) ?? Buffer.alloc(0) }
}
