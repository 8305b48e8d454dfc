import type { Name } from '@hearth/model'
import type { FastifyRequest } from 'fastify'
import type { App } from '../http/http-parts.ts'
import type { Auth } from './auth.ts'
import { namespaceOf } from './authenticate.ts'
import { pathOf } from './credentials.ts'

const pathCharacters = 512
const switchingProtocols = 101
const tooMany = 429

/**
 * Notes every request that may change something: who, what, with which result. Not those of callers that are not known (anyone
 * could fill the log), nor those above a limit.
 */
export function auditRequests(app: App, auth: Auth, now: () => number): void {
  const note = (request: FastifyRequest, status: number) => {
    const { caller, routeOptions, params, id, method, raw } = request
    const needs = routeOptions.config.needs
    const hasNamespace = needs?.of === 'namespace' && caller.sees(namespaceOf(request))
    auth.audit.note({
      at: now(),
      ...(caller.key !== undefined && { key: caller.key }),
      method,
      path: pathOf(raw.url ?? '').slice(0, pathCharacters),
      ...(hasNamespace && { namespace: namespaceOf({ params } as FastifyRequest) as Name }),
      status,
      requestId: id,
    })
  }
  // A WebSocket has no other end than that of its connection: what counts is that it began.
  app.addHook('preHandler', async (request) => {
    if (request.ws && changes(request)) note(request, switchingProtocols)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (reply.statusCode !== tooMany && request.caller?.isKnown && changes(request)) note(request, reply.statusCode)
  })
}

/** A request that is more than a look; a program runs at the end of a WebSocket. */
function changes({ method, routeOptions, is404, ws, passedOn }: FastifyRequest): boolean {
  if (is404 || passedOn) return false
  const scope = routeOptions.config.needs?.scope
  if (scope === 'nothing') return false
  return ws ? scope !== 'read' : !['GET', 'HEAD', 'OPTIONS'].includes(method)
}
