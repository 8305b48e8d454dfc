import {
  snapshotPageSchema,
  snapshotPatchSchema,
  snapshotQuerySchema,
  snapshotRemoveQuerySchema,
  snapshotSchema,
  snapshotTreeSchema,
  verifyResultSchema,
} from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { hasCondition, isUnchanged, mustMatch, tagOf, wantedRev } from '../etag.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount, mustExist } from '../mount.ts'
import { snapshotQuery } from '../queries.ts'
import { pageView } from '../views/page-view.ts'
import { snapshotView } from '../views/snapshot-view.ts'
import { treeView } from '../views/tree-view.ts'
import { machineShape, nothing, snapshotShape } from './params.ts'

const tags = ['snapshots']

/** Snapshots that exist: list, show, tree, change, verify, remove. */
export function snapshotRoutes(app: App, parts: RouteParts, mount: Mount): void {
  listRoutes(app, parts, mount)
  lookRoutes(app, parts, mount)
  changeRoutes(app, parts, mount)
}

function listRoutes(app: App, { engine }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/snapshots`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('listSnapshots'),
        tags,
        summary: 'Snapshots, newest first',
        params: params({}),
        querystring: snapshotQuerySchema,
        response: { 200: snapshotPageSchema },
      },
    },
    async ({ params, query }) => {
      await mustExist(engine, params)
      return pageView(await engineOf(engine, params).snapshots.page(snapshotQuery(query)), (one) => snapshotView(one))
    },
  )

  app.get(
    `${prefix}/machines/:machine/snapshots`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('listSnapshotsOfMachine'),
        tags,
        summary: 'Snapshots that were taken of a machine, newest first; by its id also when it has ended',
        params: params(machineShape),
        querystring: snapshotQuerySchema.omit({ machine: true }),
        response: { 200: snapshotPageSchema },
      },
    },
    async ({ params, query }) => {
      const { machine } = params
      const page = await engineOf(engine, params).snapshots.page({ ...snapshotQuery(query), machine })
      return pageView(page, (one) => snapshotView(one))
    },
  )
}

function lookRoutes(app: App, { engine }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/snapshots/:snapshot`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getSnapshot'),
        tags,
        summary: 'One snapshot, with its files',
        params: params(snapshotShape),
        response: { 200: snapshotSchema },
      },
    },
    async (request, reply) => {
      const { params } = request
      const snapshot = await engineOf(engine, params).snapshots.show(params.snapshot)
      if (isUnchanged(request, reply, snapshot)) return reply
      return snapshotView(snapshot, true)
    },
  )

  app.get(
    `${prefix}/snapshots/:snapshot/tree`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getSnapshotTree'),
        tags,
        summary: 'Where it comes from and what came of it',
        params: params(snapshotShape),
        response: { 200: snapshotTreeSchema },
      },
    },
    async ({ params }) => treeView(await engineOf(engine, params).snapshots.tree(params.snapshot)),
  )
}

function changeRoutes(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.patch(
    `${prefix}/snapshots/:snapshot`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('changeSnapshot'),
        tags,
        summary: 'Change its tag, labels, time to live or pin',
        params: params(snapshotShape),
        body: snapshotPatchSchema,
        response: { 200: snapshotSchema },
      },
    },
    async (request, reply) => {
      const { params, body } = request
      const ifRev = wantedRev(request)
      const { tag, labels, ttlMs, pinned } = body
      const change = {
        ...(tag !== undefined && { tag }),
        ...(labels !== undefined && { labels }),
        ...(ttlMs !== undefined && { ttlMs }),
        ...(pinned !== undefined && { pinned }),
      }
      const options = ifRev === undefined ? {} : { ifRev }
      const snapshot = await engineOf(engine, params).snapshots.change(params.snapshot, change, options)
      return reply.header('etag', tagOf(snapshot.rev)).send(snapshotView(snapshot, true))
    },
  )

  app.post(
    `${prefix}/snapshots/:snapshot/verify`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('verifySnapshot'),
        tags,
        summary: 'Read every byte again',
        params: params(snapshotShape),
        response: { 200: verifyResultSchema },
      },
    },
    async ({ params }, reply) => {
      const signal = open.signalOf(reply)
      const { ok, snapshot, detail } = await engineOf(engine, params).snapshots.verify(params.snapshot, { signal })
      return { id: snapshot.id, ok, ...(detail !== undefined && { detail }) }
    },
  )

  app.delete(
    `${prefix}/snapshots/:snapshot`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('removeSnapshot'),
        tags,
        summary: 'Remove it; force=1 first ends the machines that were restored from it',
        params: params(snapshotShape),
        querystring: snapshotRemoveQuerySchema,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const { snapshots } = engineOf(engine, params)
      if (hasCondition(request)) mustMatch(request, await snapshots.show(params.snapshot))
      await snapshots.remove(params.snapshot, { force: query.force })
      return reply.code(204).send(null)
    },
  )
}
