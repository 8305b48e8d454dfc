import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { App } from './http-parts.ts'

const sane = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}$/

/** What a request is called in logs and answers: as its client calls it, or a fresh id. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && sane.test(given) ? given : randomUUID()
}

/** Tells each client under which id its request is to be found. */
export function tellRequestId(app: App): void {
  const upgrades = new WeakMap<IncomingMessage, string>()
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (request.headers.upgrade !== undefined) upgrades.set(request.raw, request.id)
  })
  // The answer that begins a WebSocket is not made by the web framework.
  app.addHook('onReady', async () => {
    app.websocketServer.on('headers', (headers, request) => headers.push(`x-request-id: ${upgrades.get(request)}`))
  })
}
