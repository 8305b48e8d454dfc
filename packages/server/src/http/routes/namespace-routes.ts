import {
  idempotencyHeadersSchema,
  namespaceCreateSchema,
  namespaceListSchema,
  namespacePatchSchema,
  namespaceSchema,
  usageSchema,
} from '@hearth/protocol'
import * as z from 'zod'
import { needs } from '../../auth/needs.ts'
import { hasCondition, isUnchanged, mustMatch, tagOf, wantedRev } from '../etag.ts'
import type { App, RouteParts } from '../http-parts.ts'
import type { Mount } from '../mount.ts'
import { namespaceView } from '../views/namespace-view.ts'
import { nothing } from './params.ts'

const tags = ['namespaces']
const params = z.object({ namespace: z.string().min(1).max(63) })

/** Namespaces: create, list, show, change, remove. */
export function namespaceRoutes(app: App, parts: RouteParts): void {
  lookRoutes(app, parts)
  createRoute(app, parts)
  changeRoutes(app, parts)
}

/** What a namespace holds. */
export function usageRoute(app: App, { engine }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/usage`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getUsage'),
        tags,
        summary: 'What the namespace holds, and what it may',
        params: params({}),
        response: { 200: usageSchema },
      },
    },
    async ({ params }) => {
      const { name, snapshotLimit, snapshotBytesLimit } = await engine.namespaces.get(params.namespace ?? 'default')
      const usage = await engine.namespaces.usage(name)
      const bounds = { snapshotLimit, ...(snapshotBytesLimit !== undefined && { snapshotBytesLimit }) }
      return { namespace: name, ...usage, ...bounds }
    },
  )
}

function lookRoutes(app: App, { engine }: RouteParts): void {
  app.get(
    '/v1/namespaces',
    {
      config: needs('read', 'any'),
      schema: {
        operationId: 'listNamespaces',
        tags,
        summary: 'The namespaces that the key is good for, by name',
        response: { 200: namespaceListSchema },
      },
    },
    async ({ caller }) => {
      const all = await engine.namespaces.list()
      return { items: all.filter(({ name }) => caller.sees(name)).map(namespaceView) }
    },
  )

  app.get(
    '/v1/namespaces/:namespace',
    {
      config: needs('read'),
      schema: {
        operationId: 'getNamespace',
        tags,
        summary: 'One namespace',
        params,
        response: { 200: namespaceSchema },
      },
    },
    async (request, reply) => {
      const namespace = await engine.namespaces.get(request.params.namespace)
      if (isUnchanged(request, reply, namespace)) return reply
      return namespaceView(namespace)
    },
  )
}

function createRoute(app: App, { engine, once }: RouteParts): void {
  app.post(
    '/v1/namespaces',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'createNamespace',
        tags,
        summary: 'Make a namespace',
        headers: idempotencyHeadersSchema,
        body: namespaceCreateSchema,
        response: { 201: namespaceSchema },
      },
    },
    (request, reply) => {
      const { name, labels, snapshotLimit, snapshotBytesLimit, keepLast } = request.body
      const wanted = {
        name,
        labels,
        snapshotLimit,
        ...(snapshotBytesLimit !== undefined && { snapshotBytesLimit }),
        ...(keepLast !== undefined && { keepLast }),
      }
      return once.answer(request, reply, {
        do: async () => {
          const made = await engine.namespaces.create(wanted)
          const location = `/v1/namespaces/${made.name}`
          return { status: 201, body: namespaceView(made), location, etag: tagOf(made.rev) }
        },
        again: () => undefined,
      })
    },
  )
}

function changeRoutes(app: App, { engine }: RouteParts): void {
  app.patch(
    '/v1/namespaces/:namespace',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'changeNamespace',
        tags,
        summary: 'Change its labels and bounds',
        params,
        body: namespacePatchSchema,
        response: { 200: namespaceSchema },
      },
    },
    async (request, reply) => {
      const ifRev = wantedRev(request)
      const { labels, snapshotLimit, snapshotBytesLimit, keepLast } = request.body
      const change = {
        ...(labels !== undefined && { labels }),
        ...(snapshotLimit !== undefined && { snapshotLimit }),
        ...(snapshotBytesLimit !== undefined && { snapshotBytesLimit }),
        ...(keepLast !== undefined && { keepLast }),
      }
      const options = ifRev === undefined ? {} : { ifRev }
      const changed = await engine.namespaces.change(request.params.namespace, change, options)
      return reply.header('etag', tagOf(changed.rev)).send(namespaceView(changed))
    },
  )

  app.delete(
    '/v1/namespaces/:namespace',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'removeNamespace',
        tags,
        summary: 'Remove it; refused while machines or snapshots are in it',
        params,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { namespace } = request.params
      if (hasCondition(request)) mustMatch(request, await engine.namespaces.get(namespace))
      await engine.namespaces.remove(namespace)
      return reply.code(204).send(null)
    },
  )
}
