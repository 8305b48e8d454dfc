import {
  restoreResultSchema,
  snapshotCreateSchema,
  snapshotPageSchema,
  snapshotQuerySchema,
  snapshotRemoveQuerySchema,
  snapshotRestoreSchema,
  snapshotSchema,
  verifyResultSchema,
} from '@hearth/protocol'
import type { App, RouteParts } from '../http-parts.ts'
import { snapshotQuery } from '../queries.ts'
import { machineView } from '../views/machine-view.ts'
import { pageView } from '../views/page-view.ts'
import { snapshotView } from '../views/snapshot-view.ts'
import { launchOptions } from './machine-routes.ts'
import { machineParams, nothing, snapshotParams as params } from './params.ts'

const tags = ['snapshots']

/** Snapshots: create, list, show, restore, verify, remove. */
export function snapshotRoutes(app: App, parts: RouteParts): void {
  makeAndLookRoutes(app, parts)
  useRoutes(app, parts)
}

function makeAndLookRoutes(app: App, { engine, open }: RouteParts): void {
  app.post(
    '/v1/machines/:machine/snapshots',
    {
      schema: {
        operationId: 'createSnapshot',
        tags,
        summary: 'Freeze a running machine at one moment; it goes on',
        params: machineParams,
        body: snapshotCreateSchema.nullish(),
        response: { 201: snapshotSchema },
      },
    },
    async ({ params, body }, reply) => {
      const signal = open.signalOf(reply)
      const snapshot = await engine.snapshots.create(params.machine, {
        signal,
        ...(body?.tag !== undefined && { tag: body.tag }),
      })
      return reply.code(201).send(snapshotView(snapshot, true))
    },
  )

  app.get(
    '/v1/snapshots',
    {
      schema: {
        operationId: 'listSnapshots',
        tags,
        summary: 'Snapshots, newest first',
        querystring: snapshotQuerySchema,
        response: { 200: snapshotPageSchema },
      },
    },
    async ({ query }) => pageView(await engine.snapshots.page(snapshotQuery(query)), (one) => snapshotView(one)),
  )

  app.get(
    '/v1/snapshots/:snapshot',
    {
      schema: {
        operationId: 'getSnapshot',
        tags,
        summary: 'One snapshot, with its files',
        params,
        response: { 200: snapshotSchema },
      },
    },
    async ({ params }) => snapshotView(await engine.snapshots.show(params.snapshot), true),
  )
}

function useRoutes(app: App, { engine, open }: RouteParts): void {
  app.post(
    '/v1/snapshots/:snapshot/restore',
    {
      schema: {
        operationId: 'restoreSnapshot',
        tags,
        summary: 'A machine of its own from the frozen moment',
        params,
        body: snapshotRestoreSchema.nullish(),
        response: { 201: restoreResultSchema },
      },
    },
    async ({ params, body }, reply) => {
      const wanted = launchOptions(body ?? snapshotRestoreSchema.parse({}))
      const outcome = await engine.snapshots.restore(params.snapshot, wanted, {
        signal: open.signalOf(reply),
        force: body?.force ?? false,
      })
      return reply.code(201).send({ ...outcome, machine: machineView(outcome.machine) })
    },
  )

  app.post(
    '/v1/snapshots/:snapshot/verify',
    {
      schema: {
        operationId: 'verifySnapshot',
        tags,
        summary: 'Read every byte again',
        params,
        response: { 200: verifyResultSchema },
      },
    },
    async ({ params }, reply) => {
      const { ok, snapshot, detail } = await engine.snapshots.verify(params.snapshot, { signal: open.signalOf(reply) })
      return { id: snapshot.id, ok, ...(detail !== undefined && { detail }) }
    },
  )

  app.delete(
    '/v1/snapshots/:snapshot',
    {
      schema: {
        operationId: 'removeSnapshot',
        tags,
        summary: 'Remove it; force=1 first ends the machines that were restored from it',
        params,
        querystring: snapshotRemoveQuerySchema,
        response: { 204: nothing },
      },
    },
    async ({ params, query }, reply) => {
      await engine.snapshots.remove(params.snapshot, { force: query.force })
      return reply.code(204).send(null)
    },
  )
}
