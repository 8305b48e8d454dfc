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
      config: needs('read', 'any'),
      schema: {
        operationId: 'createTicket',
        tags: ['keys'],
        summary: 'A ticket that opens one WebSocket, once, within 30 s: PATH?ticket=TICKET',
        body: ticketCreateSchema,
        response: { 201: ticketSchema },
      },
    },
    async ({ caller, body }, reply) => {
      const ticket = auth.tickets.issue(caller, body.path)
      const expiresAt = timeView(clock.now() + ticketLifeMs)
      return reply.code(201).header('cache-control', 'no-store').send({ ticket, expiresAt })
    },
  )
}
