import websocket from '@fastify/websocket'
import { HearthError } from '@hearth/model'
import fastify, { type FastifyReply, type FastifySerializerCompiler, type FastifyServerOptions } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type * as z from 'zod'
import { auditRequests } from '../auth/audit-requests.ts'
import { authenticate } from '../auth/authenticate.ts'
import { whereServersAre } from '../peers/ask-peer.ts'
import { passRequestsOn } from '../peers/pass-on.ts'
import { limitBodyTime } from './body-time.ts'
import { allowOrigins } from './cors.ts'
import type { App, HttpParts, RouteParts } from './http-parts.ts'
import { Once } from './idempotency/once.ts'
import { guardLoopback } from './loopback-guard.ts'
import { measureRequests } from './measure-requests.ts'
import { refuseWhatIsNoHttp } from './not-http.ts'
import { OpenRequests } from './open-requests.ts'
import { answerProblem } from './problem.ts'
import { requestIdOf, tellRequestId } from './request-id.ts'
import { registerRoutes } from './routes/register-routes.ts'
import { validateRequest } from './validation.ts'
import { maxMessageBytes } from './web-socket/client-socket.ts'

/** JSON bodies; the largest holds the files of a launch. */
const bodyLimitBytes = 1024 * 1024

const longestPath = 8192

/** The HTTP API over the given parts, not listening yet. `close` ends every request under way. */
export function createHttp(parts: HttpParts, prepare?: (app: App) => void): App {
  const open = new OpenRequests()
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // Parameters have bounds of their own; what stands behind the port of a machine may be long.
    routerOptions: { maxParamLength: longestPath },
    frameworkErrors: (error, request, reply) => answerProblem(parts.log, error, request, reply as FastifyReply),
    clientErrorHandler: refuseWhatIsNoHttp,
    genReqId: requestIdOf,
    ...(parts.tls !== undefined && { https: { ...parts.tls, minVersion: 'TLSv1.2' } }),
  } as FastifyServerOptions).withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validateRequest)
  app.setSerializerCompiler(parts.checkAnswers ? checkedJson : plainJson)
  app.setErrorHandler((error, request, reply) => {
    const problem = parts.peers && !request.passedOn ? whereServersAre(error) : error
    return answerProblem(parts.log, problem, request, reply)
  })
  app.setNotFoundHandler((request, reply) => {
    const nothing = new HearthError('not_found', `there is no ${request.method} ${request.url.split('?')[0]}`, {
      hint: 'See /openapi.json.',
    })
    return answerProblem(parts.log, nothing, request, reply)
  })
  app.addHook('preClose', async () => open.abortAll())
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions, id, caller } = request
    const route = { method, route: routeOptions.url, requestId: id, key: caller?.key }
    parts.log.debug('http.answered', { ...route, status: reply.statusCode, tookMs: reply.elapsedTime })
  })
  if (parts.metrics) measureRequests(app, parts.metrics.http)
  tellRequestId(app)
  app.register(websocket, { options: { perMessageDeflate: false, maxPayload: maxMessageBytes } })
  // Behind the WebSocket plugin, which closes the connection of an upgrade only if it saw it before it was refused.
  app.after(() => {
    if (parts.loopbackOnly) guardLoopback(app, parts.corsOrigins)
    allowOrigins(app, parts.corsOrigins)
    authenticate(app, parts)
    limitBodyTime(app)
    auditRequests(app, parts.auth, () => parts.clock.now())
    if (parts.peers) passRequestsOn(app, { ...parts, peers: parts.peers, open })
  })
  prepare?.(app)
  const routeParts: RouteParts = { ...parts, open, once: new Once({ ...parts, open }), ...descriptions(parts) }
  // In a plugin, so that the WebSocket plugin sees the routes.
  app.register(async (inner) => registerRoutes(inner as unknown as App, routeParts))
  return app
}

/** The API described for programs and for people; what makes that is loaded when somebody asks. */
function descriptions(parts: HttpParts): Pick<RouteParts, 'openApi' | 'docsPage'> {
  const openApi = once(async () => {
    const { describeApi } = await import('./openapi.ts')
    return describeApi((withSwagger) => createHttp(parts, withSwagger), parts.system.version)
  })
  const docsPage = once(async () => {
    const { docsPage } = await import('./docs-page/docs-page.ts')
    return docsPage(await openApi())
  })
  return { openApi, docsPage }
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
