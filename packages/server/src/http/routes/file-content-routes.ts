import { pipeline } from 'node:stream/promises'
import { fileQuerySchema, fileWriteQuerySchema, statHeader } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { fileView } from '../views/file-view.ts'
import { machineShape, nothing } from './params.ts'

const tags = ['files']

/** The content of files in a machine, streamed both ways. */
export function fileContentRoutes(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/files`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('readFile'),
        tags,
        summary: `The content of a file; the header ${statHeader} says what it is. A connection that breaks off means an incomplete file`,
        params: params(machineShape),
        querystring: fileQuerySchema,
      },
    },
    async ({ params, query }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      const { stat, content } = await session.readFile(query.path)
      // A header holds ASCII only.
      const told = JSON.stringify(fileView(stat)).replace(
        /[^ -~]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      return reply.header(statHeader, told).type('application/octet-stream').send(content)
    },
  )

  // In a plugin of its own, where a body of any type is left alone.
  app.register(async (inner) => {
    inner.removeAllContentTypeParsers()
    inner.addContentTypeParser('*', (_request, _body, done) => done(null))
    ;(inner as unknown as App).put(
      `${prefix}/machines/:machine/files`,
      {
        config: needs('use'),
        schema: {
          operationId: operation('writeFile'),
          tags,
          summary: 'Write a file with the body as its content; it appears whole or not at all',
          params: params(machineShape),
          querystring: fileWriteQuerySchema,
          response: { 204: nothing },
        },
      },
      async ({ params, query, raw }, reply) => {
        const signal = open.signalOf(reply)
        const session = await guestSession(engineOf(engine, params), params.machine, signal)
        const options = query.owner === undefined ? {} : { owner: query.owner }
        const { content, done } = await session.writeFile(query.path, Number.parseInt(query.mode, 8), options)
        await Promise.all([pipeline(raw, content, { signal }), done])
        return reply.code(204).send(null)
      },
    )
  })
}
