import { auditPageSchema, auditQuerySchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { auditView } from '../views/key-view.ts'

/** Who changed what. */
export function auditRoutes(app: App, { auth }: RouteParts): void {
  app.get(
    '/v1/audit',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'listAudit',
        tags: ['keys'],
        summary: 'Requests that could change something, newest first',
        querystring: auditQuerySchema,
        response: { 200: auditPageSchema },
      },
    },
    async ({ query: { limit, cursor } }) => {
      const { items, next } = await auth.auditPage({ limit, ...(cursor !== undefined && { cursor }) })
      return { items: items.map(auditView), ...(next !== undefined && { next }) }
    },
  )
}
