import { HearthError, parseKeyId, parseName } from '@hearth/model'
import { keyCreateSchema, keyListSchema, keyQuerySchema, keyRotateSchema, keySchema, newKeySchema } from '@hearth/protocol'
import * as z from 'zod'
import type { MadeKey } from '../../auth/keys.ts'
import { needs } from '../../auth/needs.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { keyView } from '../views/key-view.ts'

const tags = ['keys']
const params = z.object({ key: z.string().min(1).max(63).describe('The id of a key') })
const config = needs('admin', 'any')

/** API keys. An admin manages those that are good nowhere but where its own key is. */
export function keyRoutes(app: App, parts: RouteParts): void {
  lookRoutes(app, parts)
  changeRoutes(app, parts)
}

function lookRoutes(app: App, { auth, clock }: RouteParts): void {
  app.get(
    '/v1/keys',
    {
      config,
      schema: {
        operationId: 'listKeys',
        tags,
        summary: 'Keys, newest first; with all=1 also those that are good no more',
        querystring: keyQuerySchema,
        response: { 200: keyListSchema },
      },
    },
    async ({ caller, query }) => {
      const now = clock.now()
      return { items: (await auth.keys.list(caller, query)).map((key) => keyView(key, now)) }
    },
  )

  app.get(
    '/v1/keys/self',
    {
      config: needs('read', 'any'),
      schema: { operationId: 'getOwnKey', tags, summary: 'The key of this request', response: { 200: keySchema } },
    },
    async ({ caller }) => {
      if (caller.key === undefined) throw new HearthError('key_not_found', 'the owner of the server needs no key here')
      return keyView(await auth.keys.get(caller, caller.key), clock.now())
    },
  )

  app.get(
    '/v1/keys/:key',
    { config, schema: { operationId: 'getKey', tags, summary: 'One key', params, response: { 200: keySchema } } },
    async ({ caller, params }) => keyView(await auth.keys.get(caller, parseKeyId(params.key)), clock.now()),
  )
}

/** What a key has opened ends with it, once this answer is out: it may be the key's own. */
function changeRoutes(app: App, { auth, clock }: RouteParts): void {
  const told = ({ key, secret }: MadeKey) => ({ ...keyView(key, clock.now()), key: secret })

  app.post(
    '/v1/keys',
    {
      config,
      schema: {
        operationId: 'createKey',
        tags,
        summary: 'Make a key; the answer is the only one that holds it',
        body: keyCreateSchema,
        response: { 201: newKeySchema },
      },
    },
    async ({ caller, body }, reply) => {
      const namespaces = body.namespaces === '*' ? '*' : body.namespaces.map((one) => parseName(one, 'namespaces'))
      const made = await auth.keys.create(caller, { ...body, namespaces })
      return reply.code(201).header('cache-control', 'no-store').send(told(made))
    },
  )

  app.post(
    '/v1/keys/:key/rotate',
    {
      config,
      schema: {
        operationId: 'rotateKey',
        tags,
        summary: 'Make a key in the place of this one, which stays good for a while',
        params,
        body: keyRotateSchema,
        response: { 201: newKeySchema },
      },
    },
    async ({ caller, params, body }, reply) => {
      reply.raw.once('close', () => void auth.open.endStale())
      const made = await auth.keys.rotate(caller, parseKeyId(params.key), body.graceMs)
      return reply.code(201).header('cache-control', 'no-store').send(told(made))
    },
  )

  app.delete(
    '/v1/keys/:key',
    {
      config,
      schema: { operationId: 'revokeKey', tags, summary: 'From now on it opens nothing', params, response: { 204: z.null() } },
    },
    async ({ caller, params }, reply) => {
      reply.raw.once('close', () => void auth.open.endStale())
      await auth.keys.revoke(caller, parseKeyId(params.key))
      return reply.code(204).send(null)
    },
  )
}
