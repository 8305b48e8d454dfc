import { HearthError, type Name, namespaceNotFound } from '@hearth/model'
import { eventQuerySchema, namespaceEventQuerySchema } from '@hearth/protocol'
import type { FastifyRequest } from 'fastify'
import * as z from 'zod'
import type { Caller } from '../../auth/caller.ts'
import { needs } from '../../auth/needs.ts'
import { followEvents } from '../events/follow-events.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { eventStream } from '../sse.ts'

const summary =
  'Changes of state, as server-sent events; Last-Event-ID goes on without a gap, "gap" says that some are no longer kept'
const tags = ['events']

/** What changes state, as it is recorded. */
export function eventRoutes(app: App, { engine, store, open }: RouteParts): void {
  app.get(
    '/v1/events',
    {
      config: needs('read', 'any'),
      exposeHeadRoute: false,
      schema: { operationId: 'watchEvents', tags, summary, querystring: eventQuerySchema },
    },
    async (request, reply) => {
      const { namespace, kind, after } = request.query
      const namespaces = visible(request.caller, namespace)
      const followed = { after: lastSeen(request) ?? after, namespaces, kinds: kind }
      return eventStream(reply, followEvents(store.events, followed, open.signalOf(reply)))
    },
  )

  app.get(
    '/v1/namespaces/:namespace/events',
    {
      config: needs('read'),
      exposeHeadRoute: false,
      schema: {
        operationId: 'watchEventsInNamespace',
        tags,
        summary,
        params: z.object({ namespace: z.string().min(1).max(63) }),
        querystring: namespaceEventQuerySchema,
      },
    },
    async (request, reply) => {
      const { kind, after } = request.query
      const { name } = await engine.namespaces.get(request.params.namespace)
      const followed = { after: lastSeen(request) ?? after, namespaces: [name], kinds: kind }
      return eventStream(reply, followEvents(store.events, followed, open.signalOf(reply)))
    },
  )
}

/** The namespaces that a caller asked for, or all it may see; `undefined`: all there are. */
function visible(caller: Caller, wanted: readonly string[] | undefined): readonly Name[] | undefined {
  if (wanted === undefined) return caller.namespaces === '*' ? undefined : caller.namespaces
  for (const one of wanted) if (!caller.sees(one)) throw namespaceNotFound(one)
  return wanted as readonly Name[]
}

function lastSeen({ headers }: FastifyRequest): number | undefined {
  const id = headers['last-event-id']
  if (id === undefined || id === '') return undefined
  const seq = typeof id === 'string' && /^[0-9]{1,15}$/.test(id) ? Number(id) : undefined
  if (seq !== undefined) return seq
  throw new HearthError(
    'invalid_input',
    `header Last-Event-ID: ${JSON.stringify(id)} is not allowed; the id of an event, a number`,
  )
}
