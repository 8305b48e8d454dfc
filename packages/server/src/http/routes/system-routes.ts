import { systemSchema } from '@hearth/protocol'
import * as z from 'zod'
import { needs, needsNoKey } from '../../auth/needs.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { timeView } from '../views/time-view.ts'

/** The server itself. */
export function systemRoutes(app: App, parts: RouteParts): void {
  const { drivers, system, stop } = parts

  app.get(
    '/v1/system',
    {
      config: needs('read', 'any'),
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
      config: needs('admin', 'server'),
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
}

/** What the API is, for programs and for people. */
export function describingRoutes(app: App, { openApi, docsPage }: RouteParts): void {
  app.get('/openapi.json', { config: needsNoKey, schema: { hide: true } as object }, async (_request, reply) => {
    return reply.type('application/json').send(await openApi())
  })

  app.get('/docs', { config: needsNoKey, schema: { hide: true } as object }, async (_request, reply) => {
    // A page without scripts; nothing from elsewhere is loaded.
    reply.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    return reply.type('text/html; charset=utf-8').send(await docsPage())
  })
}
