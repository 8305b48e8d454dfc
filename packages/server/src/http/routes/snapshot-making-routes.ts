import type { SnapshotBegun } from '@hearth/engine'
import type { Machine, Snapshot } from '@hearth/model'
import {
  idempotencyHeadersSchema,
  restoreResultSchema,
  snapshotCopySchema,
  snapshotCreateSchema,
  snapshotRestoreSchema,
  snapshotSchema,
  waitQuerySchema,
} from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { tagOf } from '../etag.ts'
import type { App, RouteParts } from '../http-parts.ts'
import type { Answer } from '../idempotency/answer.ts'
import { launchOptions } from '../launch-request.ts'
import { engineOf, locationOf, type Mount } from '../mount.ts'
import { machineView } from '../views/machine-view.ts'
import { snapshotView } from '../views/snapshot-view.ts'
import { withinWait } from '../within-wait.ts'
import { machineShape, snapshotShape } from './params.ts'

const tags = ['snapshots']

/** What makes snapshots, and machines of them: create, copy, restore. */
export function snapshotMakingRoutes(app: App, parts: RouteParts, mount: Mount): void {
  createRoute(app, parts, mount)
  copyRoute(app, parts, mount)
  restoreRoute(app, parts, mount)
}

function createRoute(app: App, { engine, once }: RouteParts, { prefix, operation, params }: Mount): void {
  app.post(
    `${prefix}/machines/:machine/snapshots`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('createSnapshot'),
        tags,
        summary:
          'Freeze a running machine at one moment; it goes on. 202 while it is being written, 201 when it is ready within "wait"',
        params: params(machineShape),
        headers: idempotencyHeadersSchema,
        querystring: waitQuerySchema,
        body: snapshotCreateSchema.nullish(),
        response: { 201: snapshotSchema, 202: snapshotSchema },
      },
    },
    (request, reply) => {
      const { params, query } = request
      const { tag, labels, ttlMs, pinned } = request.body ?? snapshotCreateSchema.parse({})
      const marks = { labels, pinned, ...(tag !== undefined && { tag }), ...(ttlMs !== undefined && { ttlMs }) }
      return once.answer(request, reply, {
        do: async ({ idempotency, signal }) => {
          const order = { ...marks, ...(idempotency && { idempotency }) }
          const waits = query.wait > 0 && signal !== undefined
          const begun = await engineOf(engine, params).snapshots.begin(params.machine, { ...order, ...(waits && { signal }) })
          return made(await settled(begun, query.wait))
        },
        again: (outcome) => (outcome.kind === 'snapshot' ? made(outcome.snapshot) : undefined),
      })
    },
  )
}

function copyRoute(app: App, { engine, once }: RouteParts, { prefix, operation, params }: Mount): void {
  app.post(
    `${prefix}/snapshots/:snapshot/copy`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('copySnapshot'),
        tags,
        summary: 'A snapshot of its own with the same content, here or in another namespace',
        params: params(snapshotShape),
        headers: idempotencyHeadersSchema,
        body: snapshotCopySchema.nullish(),
        response: { 201: snapshotSchema },
      },
    },
    (request, reply) => {
      const { params, caller } = request
      const { namespace, tag, labels, ttlMs, pinned } = request.body ?? {}
      if (namespace !== undefined) caller.require('use', namespace)
      const marks = {
        ...(namespace !== undefined && { namespace }),
        ...(tag !== undefined && { tag }),
        ...(labels !== undefined && { labels }),
        ...(ttlMs !== undefined && { ttlMs }),
        ...(pinned !== undefined && { pinned }),
      }
      return once.answer(request, reply, {
        do: async (options) => made(await engineOf(engine, params).snapshots.copy(params.snapshot, { ...marks, ...options })),
        again: (outcome) => (outcome.kind === 'snapshot' ? made(outcome.snapshot) : undefined),
      })
    },
  )
}

function restoreRoute(app: App, { engine, once }: RouteParts, { prefix, operation, params }: Mount): void {
  app.post(
    `${prefix}/snapshots/:snapshot/restore`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('restoreSnapshot'),
        tags,
        summary: 'A machine of its own from the frozen moment; a fresh one when its time is over and "force" is not given',
        params: params(snapshotShape),
        headers: idempotencyHeadersSchema,
        body: snapshotRestoreSchema.nullish(),
        response: { 201: restoreResultSchema },
      },
    },
    (request, reply) => {
      const { params } = request
      const body = request.body ?? snapshotRestoreSchema.parse({})
      const wanted = launchOptions(body)
      return once.answer(request, reply, {
        do: async (options) => {
          const outcome = await engineOf(engine, params).snapshots.restore(params.snapshot, wanted, {
            ...options,
            force: body.force,
          })
          return restored(outcome.machine, outcome)
        },
        again: (outcome) => {
          if (outcome.kind !== 'machine') return undefined
          const { machine } = outcome
          const ttlExpired = machine.boot?.reasons.some(({ code }) => code === 'snapshot_expired') ?? false
          return restored(machine, { restoredFromSnapshot: machine.boot?.snapshotId === params.snapshot, ttlExpired })
        },
      })
    },
  )
}

/** The snapshot once it is ready, or as it is when `waitSeconds` are over. */
async function settled(begun: SnapshotBegun, waitSeconds: number): Promise<Snapshot> {
  return (await withinWait(begun.done, waitSeconds)) ?? begun.snapshot
}

function made(snapshot: Snapshot): Answer {
  return {
    status: snapshot.state === 'creating' ? 202 : 201,
    body: snapshotView(snapshot, true),
    location: locationOf('snapshots', snapshot),
    etag: tagOf(snapshot.rev),
  }
}

function restored(machine: Machine, how: { restoredFromSnapshot: boolean; ttlExpired: boolean }): Answer {
  const { restoredFromSnapshot, ttlExpired } = how
  return {
    status: 201,
    body: { machine: machineView(machine), restoredFromSnapshot, ttlExpired },
    location: locationOf('machines', machine),
  }
}
