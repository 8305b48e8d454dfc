import { systemSchema } from '@hearth/protocol'
import * as z from 'zod'
import type { App, RouteParts } from '../http-parts.ts'
import { timeView } from '../views/time-view.ts'

/** The server itself. */
export function systemRoutes(app: App, parts: RouteParts): void {
  const { drivers, system, stop } = parts

  app.get(
    '/v1/system',
    {
      schema: {
        operationId: 'getSystem',
        tags: ['system'],
        summary: 'Version, home and drivers',
        response: { 200: systemSchema },
      },
    },
    async (_request, reply) => {
      const signal = parts.open.signalOf(reply)
      const probed = await Promise.all(
        drivers.map(async (driver) => {
          const probe = await driver.probe({ signal })
          return { name: driver.name, ...probe, problems: [...probe.problems], notes: [...probe.notes] }
        }),
      )
      return { ...system, startedAt: timeView(system.startedAt), drivers: probed }
    },
  )

  app.post(
    '/v1/system/stop',
    {
      schema: {
        operationId: 'stopSystem',
        tags: ['system'],
        summary: 'End the server; machines go on',
        response: { 202: z.object({ stopping: z.literal(true) }) },
      },
    },
    async (_request, reply) => {
      reply.raw.once('close', stop)
      return reply.code(202).send({ stopping: true as const })
    },
  )

  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        tags: ['system'],
        summary: 'Whether the server answers',
        response: { 200: z.object({ ok: z.literal(true) }) },
      },
    },
    async () => ({ ok: true as const }),
  )

  app.get('/openapi.json', { schema: { hide: true } as object }, async (_request, reply) => {
    return reply.type('application/json').send(await parts.openApi())
  })
}
