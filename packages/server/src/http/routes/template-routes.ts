import { Readable } from 'node:stream'
import type { TemplateRequest } from '@hearth/engine'
import { HearthError, type ImageSource } from '@hearth/model'
import { type BuildLine, parseImageSource, templateBuildSchema, templateListSchema, templateSchema } from '@hearth/protocol'
import type * as z from 'zod'
import { AsyncQueue } from '../async-queue.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { problemOf } from '../problem.ts'
import { readyCheck, templateView } from '../views/template-view.ts'
import { nothing, templateParams } from './params.ts'

type Build = z.output<typeof templateBuildSchema>
const tags = ['templates']

/** Templates: build (a stream of progress), list, show, remove. */
export function templateRoutes(app: App, { engine, open, hostPaths }: RouteParts): void {
  app.post(
    '/v1/templates',
    {
      schema: {
        operationId: 'buildTemplate',
        tags,
        summary: 'Build a template; answers lines of JSON (application/x-ndjson), the last says how it ended',
        body: templateBuildSchema,
      },
    },
    async (request, reply) => {
      const wanted = templateRequest(request.body, hostPaths)
      const lines = new AsyncQueue<BuildLine>()
      void engine.templates
        .build(wanted, {
          signal: open.signalOf(reply),
          noCache: request.body.noCache,
          progress: (step, share) => lines.push({ type: 'progress', step, ...(share !== undefined && { share }) }),
        })
        .then((template) => lines.push({ type: 'done', template: templateView(template) }))
        .catch((error: unknown) => lines.push({ type: 'error', error: problemOf(error) }))
        .finally(() => lines.end())
      return reply.type('application/x-ndjson').send(Readable.from(asLines(lines)))
    },
  )

  app.get(
    '/v1/templates',
    { schema: { operationId: 'listTemplates', tags, summary: 'All templates', response: { 200: templateListSchema } } },
    async () => ({ items: (await engine.templates.list()).map(templateView) }),
  )

  app.get(
    '/v1/templates/:template',
    {
      schema: {
        operationId: 'getTemplate',
        tags,
        summary: 'One template, by NAME or NAME@VERSION',
        params: templateParams,
        response: { 200: templateSchema },
      },
    },
    async ({ params }) => templateView(await engine.templates.show(params.template)),
  )

  app.delete(
    '/v1/templates/:template',
    {
      schema: {
        operationId: 'removeTemplate',
        tags,
        summary: 'Remove one version, or all versions of a name',
        params: templateParams,
        response: { 204: nothing },
      },
    },
    async ({ params }, reply) => {
      await engine.templates.remove(params.template)
      return reply.code(204).send(null)
    },
  )
}

async function* asLines(lines: AsyncIterable<BuildLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`
}

function templateRequest(build: Build, hostPaths: boolean): TemplateRequest {
  const { ready, source, noCache: _, ...rest } = build
  return {
    ...rest,
    source: allowedSource(parseImageSource(source), hostPaths),
    ...(ready !== undefined && { ready: readyCheck(ready) }),
  }
}

function allowedSource(source: ImageSource, hostPaths: boolean): ImageSource {
  if (hostPaths || (source.kind !== 'tar' && source.kind !== 'dir')) return source
  throw new HearthError('invalid_input', `source: ${source.kind}: is not allowed here; it names a path of the server's host`, {
    hint: "Use the server's unix socket.",
    details: { field: 'source' },
  })
}
