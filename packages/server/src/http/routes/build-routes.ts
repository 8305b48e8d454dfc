import type { TemplateRequest } from '@hearth/engine'
import { HearthError, type ImageSource, type Template } from '@hearth/model'
import {
  idempotencyHeadersSchema,
  parseImageSource,
  templateBuildSchema,
  templateSchema,
  waitQuerySchema,
} from '@hearth/protocol'
import type * as z from 'zod'
import { needs } from '../../auth/needs.ts'
import { Build } from '../builds/build.ts'
import { followBuild } from '../builds/follow-build.ts'
import type { App, RouteParts } from '../http-parts.ts'
import type { Answer } from '../idempotency/answer.ts'
import { eventStream } from '../sse.ts'
import { readyCheck, templateView } from '../views/template-view.ts'
import { withinWait } from '../within-wait.ts'
import { templateParams as params } from './params.ts'

const tags = ['templates']

/** Builds: begin, and follow. */
export function buildRoutes(app: App, parts: RouteParts): void {
  beginRoute(app, parts)

  app.get(
    '/v1/templates/:template/events',
    {
      config: needs('read', 'any'),
      exposeHeadRoute: false,
      schema: {
        operationId: 'watchTemplate',
        tags,
        summary: 'How its build goes on, as server-sent events: "progress", then "done" with the template, or "problem"',
        params,
      },
    },
    async (request, reply) => {
      const template = await parts.engine.templates.show(request.params.template)
      return eventStream(reply, followBuild(parts, template.ref, parts.open.signalOf(reply)))
    },
  )
}

function beginRoute(app: App, { engine, once, builds, hostPaths }: RouteParts): void {
  app.post(
    '/v1/templates',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'buildTemplate',
        tags,
        summary:
          'Build a template: 202 while it is being built, 201 when it is ready within "wait", 200 when nothing changed since the newest version',
        headers: idempotencyHeadersSchema,
        querystring: waitQuerySchema,
        body: templateBuildSchema,
        response: { 200: templateSchema, 201: templateSchema, 202: templateSchema },
      },
    },
    (request, reply) => {
      const { wait } = request.query
      const wanted = templateRequest(request.body, hostPaths)
      return once.answer(request, reply, {
        do: async ({ idempotency, signal }) => {
          const build = new Build()
          if (wait > 0) signal?.addEventListener('abort', () => build.cancel('the client went away'), { once: true })
          const begun = await engine.templates.begin(wanted, {
            signal: build.signal,
            noCache: request.body.noCache,
            progress: (step, share) => build.tell(step, share),
            ...(idempotency && { idempotency }),
          })
          const { template, done } = begun
          if (template.state === 'ready') return built(template, 200)
          builds.add(template.ref, build, done)
          const ready = await withinWait(done, wait)
          return ready ? built(ready, 201) : { ...built(template, 202), body: templateView(template, build) }
        },
        again: (outcome) => (outcome.kind === 'template' ? built(outcome.template, 201) : undefined),
      })
    },
  )
}

function built(template: Template, status: number): Answer {
  return { status, body: templateView(template), location: `/v1/templates/${template.ref}` }
}

function templateRequest(build: z.output<typeof templateBuildSchema>, hostPaths: boolean): TemplateRequest {
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
