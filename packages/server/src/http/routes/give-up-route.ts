import { givenUpSchema, idempotencyKeyField } from '@hearth/protocol'
import * as z from 'zod'
import { needs } from '../../auth/needs.ts'
import { giveUpElsewhere } from '../../peers/give-up-elsewhere.ts'
import type { App, RouteParts } from '../http-parts.ts'

/** The way to undo a request that was made with an idempotency key, while it is being answered. */
export function giveUpRoute(app: App, { once, peers, log, open }: RouteParts): void {
  app.delete(
    '/v1/idempotency/:key',
    {
      config: needs('use', 'any'),
      schema: {
        operationId: 'giveUpRequest',
        tags: ['idempotency'],
        summary: 'Undo a request of yours that is still being answered; "done" and "location" when it was done all the same',
        params: z.object({ key: idempotencyKeyField }),
        response: { 200: givenUpSchema },
      },
    },
    async (request, reply) => {
      const { caller, params, passedOn } = request
      const signal = open.signalOf(reply)
      const elsewhere = peers && !passedOn ? giveUpElsewhere({ peers, log }, request, signal) : undefined
      const answer = await once.giveUp(caller, params.key)
      const other = await elsewhere
      if (other) return other
      const done = answer !== undefined && answer.status < 400
      return { done, ...(done && answer.location !== undefined && { location: answer.location }) }
    },
  )
}
