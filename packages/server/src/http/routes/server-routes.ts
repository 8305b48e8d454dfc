import { configSchema, retentionReportSchema, retentionRunSchema, serverStatsSchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { serverStats } from '../server-stats.ts'
import { retentionView } from '../views/retention-view.ts'

/** What the server holds, how it is set up, and its cleaner. */
export function serverRoutes(app: App, parts: RouteParts): void {
  const { engine, open, settings } = parts
  app.get(
    '/v1/stats',
    {
      config: needs('read', 'any'),
      schema: {
        operationId: 'getStats',
        tags: ['system'],
        summary: 'What the server holds now, in the namespaces that the key is good for',
        response: { 200: serverStatsSchema },
      },
    },
    ({ caller }) => serverStats(parts, caller),
  )

  app.get(
    '/v1/config',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'getConfig',
        tags: ['system'],
        summary: 'Every setting, and where its value was found; secrets are not shown',
        response: { 200: configSchema },
      },
    },
    async () => ({ items: settings.map((one) => ({ ...one })) }),
  )

  app.post(
    '/v1/retention/run',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'runRetention',
        tags: ['retention'],
        summary: 'Let the cleaner run now, or say with dryRun what it would remove',
        body: retentionRunSchema.nullish(),
        response: { 200: retentionReportSchema },
      },
    },
    async ({ body }, reply) => {
      const signal = open.signalOf(reply)
      return retentionView(await engine.retention.run({ signal, dryRun: body?.dryRun ?? false }))
    },
  )
}
