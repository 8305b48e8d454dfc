import { type Duplex, pipeline } from 'node:stream'
import { portListSchema } from '@hearth/protocol'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { needs } from '../../auth/needs.ts'
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { askService, type ServiceAnswer } from '../port-proxy/ask-service.ts'
import type { EarlyBytes } from '../port-proxy/early-bytes.ts'
import { answerHeaders, requestHeaders } from '../port-proxy/forward-headers.ts'
import { proxiedPath } from '../port-proxy/proxied-path.ts'
import { tunnel } from '../port-proxy/tunnel.ts'
import { machineShape, portShape } from './params.ts'

const tags = ['ports']
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** How long a guest may take to connect, in milliseconds. */
const connectMs = 15_000

interface PortParams {
  readonly namespace?: string | undefined
  readonly machine: string
  readonly port: number
}

/** Services inside machines, over HTTP. */
export function portRoutes(app: App, parts: RouteParts, mount: Mount, early: EarlyBytes): void {
  lookRoute(app, parts, mount)
  // In a plugin of its own, where a body of any type is left alone.
  app.register(async (inner) => {
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('*', (_request, _body, done) => done(null))
    proxyRoutes(inner as unknown as App, parts, mount, early)
  })
}

function lookRoute(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/ports`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('listPorts'),
        tags,
        summary: 'The TCP ports on which something listens inside the machine',
        params: params(machineShape),
        response: { 200: portListSchema },
      },
    },
    async ({ params }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      return { items: (await session.listeningPorts()).map((port) => ({ port })) }
    },
  )
}

function proxyRoutes(app: App, parts: RouteParts, { prefix, operation, params }: Mount, early: EarlyBytes): void {
  const proxied = async (request: FastifyRequest, reply: FastifyReply) => {
    const answer = await asked(parts, request, reply)
    if (answer.kind === 'upgrade') return joined(request, reply, answer, early)
    return reply
      .code(answer.response.statusCode ?? 502)
      .headers(answerHeaders(answer.response.headers))
      .send(answer.response)
  }
  for (const path of ['', '/*']) {
    for (const method of methods) {
      // One stands for all in the description: they differ in nothing.
      const hide = path !== '' || method !== 'GET'
      app.route({
        method,
        url: `${prefix}/machines/:machine/ports/:port${path}`,
        exposeHeadRoute: false,
        config: needs('use'),
        schema: {
          operationId: operation('askPort'),
          tags,
          summary: 'Ask a service inside the machine: any method, any path behind the port, HTTP and WebSocket',
          params: params(portShape),
          hide,
        } as object,
        // Before the handler, which the WebSocket plugin would not run for a request that changes protocols.
        preHandler: proxied,
        handler: async (_request, reply) => reply,
      })
    }
  }
}

/** Dials the port and passes the request on. @throws HearthError `machine_not_running`, `guest_*` */
async function asked(
  { engine, open }: RouteParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ServiceAnswer & { stream: Duplex }> {
  const params = request.params as PortParams
  const signal = open.signalOf(reply)
  const session = await guestSession(engineOf(engine, params), params.machine, signal)
  const stream = await session.dial(params.port, { signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs)]) })
  const { prefix, path } = proxiedPath(request.raw.url ?? '')
  const { method, raw, ip, protocol } = request
  const headers = requestHeaders({ headers: raw.headers, port: params.port, ip, protocol, prefix })
  if (request.ws) Object.assign(headers, { connection: 'Upgrade', upgrade: raw.headers.upgrade })
  // Of its own accord Node frames no body of GET, DELETE or OPTIONS.
  else if (raw.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked'
  const answer = await askService(stream, { method, path, headers, signal }, (outgoing) => {
    if (request.ws) return outgoing.end()
    // An error of either side is told by the request that was made of the service.
    pipeline(raw, outgoing, () => undefined)
  })
  return { ...answer, stream }
}

function joined(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: Extract<ServiceAnswer, { kind: 'upgrade' }> & { stream: Duplex },
  early: EarlyBytes,
): FastifyReply {
  reply.hijack()
  tunnel(request.raw.socket, answer, early.of(request.raw))
  return reply
}
