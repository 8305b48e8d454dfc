import { isHearthError } from '@hearth/model'
import { templateListSchema, templateSchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { templateView } from '../views/template-view.ts'
import { nothing, templateParams as params } from './params.ts'

const tags = ['templates']

/** Templates that exist: list, show, remove. */
export function templateRoutes(app: App, { engine, builds }: RouteParts): void {
  app.get(
    '/v1/templates',
    {
      config: needs('read', 'any'),
      schema: { operationId: 'listTemplates', tags, summary: 'All templates', response: { 200: templateListSchema } },
    },
    async () => ({ items: (await engine.templates.list()).map((one) => templateView(one, builds.of(one.ref))) }),
  )

  app.get(
    '/v1/templates/:template',
    {
      config: needs('read', 'any'),
      schema: {
        operationId: 'getTemplate',
        tags,
        summary: 'One template, by NAME or NAME@VERSION',
        params,
        response: { 200: templateSchema },
      },
    },
    async ({ params }) => {
      const template = await engine.templates.show(params.template)
      return templateView(template, builds.of(template.ref))
    },
  )

  app.delete(
    '/v1/templates/:template',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'removeTemplate',
        tags,
        summary: 'Remove one version, or all versions of a name; a build that is under way is cancelled',
        params,
        response: { 204: nothing },
      },
    },
    async ({ params }, reply) => {
      const cancelled = await builds.cancel(params.template)
      try {
        await engine.templates.remove(params.template)
      } catch (error) {
        // A cancelled build leaves nothing to remove.
        if (!cancelled || !isHearthError(error, 'template_not_found')) throw error
      }
      return reply.code(204).send(null)
    },
  )
}
