import { needs, needsNoKey } from '../../auth/needs.ts'
import type { Metrics } from '../../telemetry/metrics/create-metrics.ts'
import type { App } from '../http-parts.ts'

/** What Prometheus scrapes. */
export function metricsRoute(app: App, metrics: Pick<Metrics, 'scrape'>, isOpen: boolean): void {
  app.get(
    '/metrics',
    {
      config: isOpen ? needsNoKey : needs('read', 'server'),
      schema: { operationId: 'getMetrics', tags: ['system'], summary: 'Metrics in the text format of Prometheus' },
    },
    async (_request, reply) => {
      const { contentType, body } = await metrics.scrape()
      return reply.type(contentType).send(body)
    },
  )
}
