import type { GuestSession } from '@hearth/model'
import {
  fileListQuerySchema,
  fileListSchema,
  fileQuerySchema,
  fileRemoveQuerySchema,
  fileStatSchema,
  fileWatchQuerySchema,
  mkdirSchema,
  moveSchema,
} from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { eventStream, type ServerSentEvent } from '../sse.ts'
import { fileView } from '../views/file-view.ts'
import { machineShape, nothing } from './params.ts'

const tags = ['files']

/** The names and kinds of files in a machine, and what happens to them. */
export function fileRoutes(app: App, parts: RouteParts, mount: Mount): void {
  lookRoutes(app, parts, mount)
  changeRoutes(app, parts, mount)
}

function lookRoutes(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/files/stat`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('statFile'),
        tags,
        summary: 'What a path is',
        params: params(machineShape),
        querystring: fileQuerySchema,
        response: { 200: fileStatSchema },
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      return fileView(await session.stat(query.path))
    },
  )

  app.get(
    `${prefix}/machines/:machine/files/list`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('listFiles'),
        tags,
        summary: 'What is in a directory',
        params: params(machineShape),
        querystring: fileListQuerySchema,
        response: { 200: fileListSchema },
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      return { items: (await session.list(query.path, query.depth)).map(fileView) }
    },
  )

  app.get(
    `${prefix}/machines/:machine/files/watch`,
    {
      config: needs('use'),
      exposeHeadRoute: false,
      schema: {
        operationId: operation('watchFiles'),
        tags,
        summary: 'What changes in a directory, as server-sent events',
        params: params(machineShape),
        querystring: fileWatchQuerySchema,
      },
    },
    async ({ params, query }, reply) => {
      const signal = open.signalOf(reply)
      const session = await guestSession(engineOf(engine, params), params.machine, signal)
      const changes = session.watch(query.path, query.recursive, { signal })
      return eventStream(reply, asEvents(changes))
    },
  )
}

async function* asEvents(changes: ReturnType<GuestSession['watch']>): AsyncGenerator<ServerSentEvent> {
  await changes.ready
  yield { event: 'ready', data: {} }
  for await (const change of changes) yield { event: 'change', data: change }
}

function changeRoutes(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.post(
    `${prefix}/machines/:machine/files/mkdir`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('makeDirectory'),
        tags,
        summary: 'Make a directory, and its parents',
        params: params(machineShape),
        body: mkdirSchema,
        response: { 204: nothing },
      },
    },
    async ({ params, body }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      await session.mkdir(body.path, Number.parseInt(body.mode, 8))
      return reply.code(204).send(null)
    },
  )

  app.post(
    `${prefix}/machines/:machine/files/move`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('moveFile'),
        tags,
        summary: 'Give a file another name',
        params: params(machineShape),
        body: moveSchema,
        response: { 204: nothing },
      },
    },
    async ({ params, body }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      await session.move(body.from, body.to)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    `${prefix}/machines/:machine/files`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('removeFile'),
        tags,
        summary: 'Remove a file, or with recursive=1 a directory with all that is in it',
        params: params(machineShape),
        querystring: fileRemoveQuerySchema,
        response: { 204: nothing },
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      await session.remove(query.path, query.recursive)
      return reply.code(204).send(null)
    },
  )
}
