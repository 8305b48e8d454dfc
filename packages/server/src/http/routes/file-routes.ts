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
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { eventStream, type ServerSentEvent } from '../sse.ts'
import { fileView } from '../views/file-view.ts'
import { nothing, machineParams as params } from './params.ts'

const tags = ['files']

/** The names and kinds of files in a machine, and what happens to them. */
export function fileRoutes(app: App, parts: RouteParts): void {
  lookRoutes(app, parts)
  changeRoutes(app, parts)
}

function lookRoutes(app: App, { engine, open }: RouteParts): void {
  app.get(
    '/v1/machines/:machine/files/stat',
    {
      schema: {
        operationId: 'statFile',
        tags,
        summary: 'What a path is',
        params,
        querystring: fileQuerySchema,
        response: { 200: fileStatSchema },
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engine, params.machine, open.signalOf(reply))
      return fileView(await session.stat(query.path))
    },
  )

  app.get(
    '/v1/machines/:machine/files/list',
    {
      schema: {
        operationId: 'listFiles',
        tags,
        summary: 'What is in a directory',
        params,
        querystring: fileListQuerySchema,
        response: { 200: fileListSchema },
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engine, params.machine, open.signalOf(reply))
      return { items: (await session.list(query.path, query.depth)).map(fileView) }
    },
  )

  app.get(
    '/v1/machines/:machine/files/watch',
    {
      schema: {
        operationId: 'watchFiles',
        tags,
        summary: 'What changes in a directory, as server-sent events',
        params,
        querystring: fileWatchQuerySchema,
      },
    },
    async ({ params, query }, reply) => {
      const signal = open.signalOf(reply)
      const session = await guestSession(engine, params.machine, signal)
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

function changeRoutes(app: App, { engine, open }: RouteParts): void {
  app.post(
    '/v1/machines/:machine/files/mkdir',
    {
      schema: {
        operationId: 'makeDirectory',
        tags,
        summary: 'Make a directory, and its parents',
        params,
        body: mkdirSchema,
        response: { 204: nothing },
      },
    },
    async ({ params, body }, reply) => {
      const session = await guestSession(engine, params.machine, open.signalOf(reply))
      await session.mkdir(body.path, Number.parseInt(body.mode, 8))
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/v1/machines/:machine/files/move',
    {
      schema: {
        operationId: 'moveFile',
        tags,
        summary: 'Give a file another name',
        params,
        body: moveSchema,
        response: { 204: nothing },
      },
    },
    async ({ params, body }, reply) => {
      const session = await guestSession(engine, params.machine, open.signalOf(reply))
      await session.move(body.from, body.to)
      return reply.code(204).send(null)
    },
  )

  app.delete(
    '/v1/machines/:machine/files',
    {
      schema: {
        operationId: 'removeFile',
        tags,
        summary: 'Remove a file, or with recursive=1 a directory with all that is in it',
        params,
        querystring: fileRemoveQuerySchema,
        response: { 204: nothing },
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engine, params.machine, open.signalOf(reply))
      await session.remove(query.path, query.recursive)
      return reply.code(204).send(null)
    },
  )
}
