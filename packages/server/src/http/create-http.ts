import websocket from '@fastify/websocket'
import { HearthError } from '@hearth/model'
import fastify, { type FastifySerializerCompiler } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type * as z from 'zod'
import type { App, HttpParts, RouteParts } from './http-parts.ts'
import { guardLoopback } from './loopback-guard.ts'
import { measureRequests } from './measure-requests.ts'
import { OpenRequests } from './open-requests.ts'
import { answerProblem } from './problem.ts'
import { registerRoutes } from './routes/register-routes.ts'
import { validateRequest } from './validation.ts'
import { maxMessageBytes } from './web-socket/client-socket.ts'

/** JSON bodies; the largest holds the files of a launch. */
const bodyLimitBytes = 1024 * 1024

/** The HTTP API over the given parts, not listening yet. `close` ends every request under way. */
export function createHttp(parts: HttpParts, prepare?: (app: App) => void): App {
  const open = new OpenRequests()
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 },
  }).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validateRequest)
  app.setSerializerCompiler(parts.checkAnswers ? checkedJson : plainJson)
  app.setErrorHandler((error, request, reply) => answerProblem(parts.log, error, request, reply))
  app.setNotFoundHandler((request, reply) => {
    const nothing = new HearthError('not_found', `there is no ${request.method} ${request.url.split('?')[0]}`, {
      hint: 'See /openapi.json.',
    })
    return answerProblem(parts.log, nothing, request, reply)
  })
  app.addHook('preClose', async () => open.abortAll())
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    parts.log.debug('http.answered', { method, route: routeOptions.url, status: reply.statusCode, tookMs: reply.elapsedTime })
  })
  if (parts.metrics) measureRequests(app, parts.metrics.http)
  if (parts.loopbackOnly) guardLoopback(app)
  app.register(websocket, { options: { perMessageDeflate: false, maxPayload: maxMessageBytes } })
  prepare?.(app)
  const openApi = async () => {
    const { describeApi } = await import('./openapi.ts')
    return describeApi((withSwagger) => createHttp(parts, withSwagger), parts.system.version)
  }
  const routeParts: RouteParts = { ...parts, open, openApi: once(openApi) }
  // In a plugin, so that the WebSocket plugin sees the routes.
  app.register(async (inner) => registerRoutes(inner as unknown as App, routeParts))
  return app
}

/** The views are built from types that follow from the schemas: checking again would only cost time. */
const plainJson: FastifySerializerCompiler<z.ZodType> = () => (data) => JSON.stringify(data)

const checkedJson: FastifySerializerCompiler<z.ZodType> =
  ({ schema, url }) =>
  (data) => {
    const result = schema.safeParse(JSON.parse(JSON.stringify(data)))
    if (!result.success)
      throw new HearthError('internal', `the answer of ${url} does not fit its schema: ${result.error.message}`)
    return JSON.stringify(data)
  }

/** Asked for at most once. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined
  return () => {
    answer ??= ask()
    return answer
  }
}
