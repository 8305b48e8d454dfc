import { defaultNamespace } from '@hearth/model'
import { ticketCreateSchema, ticketSchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { ticketLifeMs } from '../../auth/tickets.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { timeView } from '../views/time-view.ts'

/** Tickets for WebSockets, where a browser can send no key. */
export function ticketRoutes(app: App, { auth, clock }: RouteParts): void {
  app.post(
    '/v1/tickets',
    {
      config: needs('use', 'any'),
      schema: {
        operationId: 'createTicket',
        tags: ['keys'],
        summary: 'A ticket that opens one WebSocket, once, within 30 s: PATH?ticket=TICKET',
        body: ticketCreateSchema,
        response: { 201: ticketSchema },
      },
    },
    async ({ caller, body }, reply) => {
      // WebSockets run programs and reach ports. Said here, where a browser can read the refusal: of a WebSocket it sees none.
      caller.require('use', namespaceOfPath(body.path))
      const ticket = auth.tickets.issue(caller, body.path)
      const expiresAt = timeView(clock.now() + ticketLifeMs)
      return reply.code(201).header('cache-control', 'no-store').send({ ticket, expiresAt })
    },
  )
}

/** The namespace of what is at `path`; the short paths are those of the default one. */
function namespaceOfPath(path: string): string {
  return /^\/v1\/namespaces\/([^/]+)\//.exec(path)?.[1] ?? defaultNamespace
}
