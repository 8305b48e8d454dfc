import { Readable } from 'node:stream'
import { logsQuerySchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { followConsole } from '../follow-console.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { machineShape } from './params.ts'

/** The console of a machine. */
export function consoleRoutes(app: App, { engine, open, clock }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/logs`,
    {
      config: needs('read'),
      exposeHeadRoute: false,
      schema: {
        operationId: operation('getLogs'),
        tags: ['machines'],
        summary: 'The end of its console, as text; with follow=1 also what comes, until it ends',
        params: params(machineShape),
        querystring: logsQuerySchema,
      },
    },
    async ({ params, query }, reply) => {
      reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store')
      const { machines } = engineOf(engine, params)
      const { id } = await machines.get(params.machine)
      if (!query.follow) return reply.send(Buffer.from(await machines.consoleLog(id, query.maxBytes)))
      const followed = followConsole(machines, id, query.maxBytes, clock, open.signalOf(reply))
      return reply.send(Readable.from(followed, { objectMode: false }))
    },
  )
}
