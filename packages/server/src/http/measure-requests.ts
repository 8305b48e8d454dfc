import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpMeter } from '../telemetry/metrics/http-metrics.ts'
import type { App } from './http-parts.ts'

/** The client went away before it had its answer; the status that `cancelled` travels under. */
const clientGone = 499
const switchingProtocols = 101

/** Tells `meter` of every request once its connection is done with it, by the route's template, and of connections that stay. */
export function measureRequests(app: App, meter: HttpMeter): void {
  app.addHook('onRequest', async (request, reply) => {
    const over = meter.began()
    reply.raw.once('close', () => {
      over()
      meter.answered({
        method: request.method,
        route: request.routeOptions.url,
        status: statusOf(request, reply),
        // How long somebody listened says nothing about how fast we are.
        ...(!staysOpen(request, reply) && { tookMs: reply.elapsedTime }),
      })
    })
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isEventStream(reply)) reply.raw.once('close', meter.opened('event_stream'))
  })
  app.addHook('onReady', async () => {
    app.websocketServer.on('connection', (socket) => {
      socket.once('close', meter.opened('web_socket'))
    })
  })
}

function statusOf(request: FastifyRequest, reply: FastifyReply): number {
  if (request.ws && reply.sent) return switchingProtocols
  return reply.raw.writableFinished ? reply.statusCode : clientGone
}

function staysOpen(request: FastifyRequest, reply: FastifyReply): boolean {
  return request.ws || isEventStream(reply)
}

function isEventStream(reply: FastifyReply): boolean {
  return String(reply.getHeader('content-type') ?? '').startsWith('text/event-stream')
}
