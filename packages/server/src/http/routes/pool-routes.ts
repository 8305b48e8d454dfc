import { HearthError } from '@hearth/model'
import {
  idempotencyHeadersSchema,
  poolListSchema,
  poolParamsSchema,
  poolRolloutSchema,
  poolRolloutStartSchema,
  poolScalePlanSchema,
  poolScaleQuerySchema,
  poolSchema,
  poolSetSchema,
  poolStatsSchema,
  waitQuerySchema,
} from '@hearth/protocol'
import type { FastifyRequest } from 'fastify'
import { needs } from '../../auth/needs.ts'
import { tagOf, wantedRev } from '../etag.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { poolRequest, rolloutRequest, scaleRequest } from '../pool-request.ts'
import { poolStatsView, poolView, rolloutView } from '../views/pool-view.ts'
import { withinWait } from '../within-wait.ts'
import { nothing } from './params.ts'

const tags = ['pools']
const params = poolParamsSchema

/** Pools belong to all namespaces: whoever may read anywhere may look at them, and the admin of the server changes them. */
export function poolRoutes(app: App, parts: RouteParts): void {
  lookRoutes(app, parts)
  setRoutes(app, parts)
  fillRoutes(app, parts)
  rolloutRoutes(app, parts)
}

function lookRoutes(app: App, { engine }: RouteParts): void {
  const config = needs('read', 'any')

  app.get(
    '/v1/pools',
    {
      config,
      schema: {
        operationId: 'listPools',
        tags,
        summary: 'The pools and how they stand, by name',
        response: { 200: poolListSchema },
      },
    },
    async () => ({ items: (await engine.pools.list()).map(poolView) }),
  )

  app.get(
    '/v1/pools/:pool',
    {
      config,
      schema: { operationId: 'getPool', tags, summary: 'One pool and how it stands', params, response: { 200: poolSchema } },
    },
    async (request, reply) => {
      const status = await engine.pools.get(request.params.pool)
      // How it stands changes without its revision, so "not modified" is never true of it.
      return reply.header('etag', tagOf(status.pool.rev)).send(poolView(status))
    },
  )

  app.get(
    '/v1/pools/:pool/stats',
    {
      config,
      schema: {
        operationId: 'getPoolStats',
        tags,
        summary: 'How it stands, and what it has done since the server started',
        params,
        response: { 200: poolStatsSchema },
      },
    },
    async ({ params }) => poolStatsView(await engine.pools.get(params.pool)),
  )

  app.get(
    '/v1/pools/:pool/autoscale',
    {
      config,
      schema: {
        operationId: 'planPoolScale',
        tags,
        summary: 'What autoscale would do now, and how that would have served the launches that were recorded; changes nothing',
        params,
        querystring: poolScaleQuerySchema,
        response: { 200: poolScalePlanSchema },
      },
    },
    ({ params, query }) => engine.pools.planScale(params.pool, scaleRequest(query)),
  )
}

function setRoutes(app: App, { engine }: RouteParts): void {
  const config = needs('admin', 'server')

  app.put(
    '/v1/pools/:pool',
    {
      config,
      schema: {
        operationId: 'setPool',
        tags,
        summary: 'Make a pool, or make it as the request says: what is absent takes its default. A draining pool is filled again',
        params,
        body: poolSetSchema,
        response: { 200: poolSchema },
      },
    },
    async (request, reply) => {
      const wanted = { ...poolRequest(request.body), replace: true }
      const status = await engine.pools.set(request.params.pool, wanted, condition(request))
      return reply.header('etag', tagOf(status.pool.rev)).send(poolView(status))
    },
  )

  app.patch(
    '/v1/pools/:pool',
    {
      config,
      schema: {
        operationId: 'changePool',
        tags,
        summary: 'Change a pool: what is absent stays. A draining pool is filled again',
        params,
        body: poolSetSchema,
        response: { 200: poolSchema },
      },
    },
    async (request, reply) => {
      const { pool } = await engine.pools.get(request.params.pool)
      const status = await engine.pools.set(pool.name, poolRequest(request.body), condition(request))
      return reply.header('etag', tagOf(status.pool.rev)).send(poolView(status))
    },
  )

  app.delete(
    '/v1/pools/:pool',
    {
      config,
      schema: {
        operationId: 'removePool',
        tags,
        summary: 'Remove it, and end its machines that nobody has claimed',
        params,
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      await engine.pools.remove(request.params.pool, condition(request))
      return reply.code(204).send(null)
    },
  )
}

function fillRoutes(app: App, { engine }: RouteParts): void {
  const config = needs('admin', 'server')

  app.post(
    '/v1/pools/:pool/warm',
    {
      config,
      schema: {
        operationId: 'warmPool',
        tags,
        summary: 'Fill it up to "max": 202 while it is being filled, 200 when it is full within "wait"',
        params,
        querystring: waitQuerySchema,
        response: { 200: poolSchema, 202: poolSchema },
      },
    },
    async ({ params, query }, reply) => {
      const { pool } = await engine.pools.get(params.pool)
      const full = await withinWait(engine.pools.warm(pool.name), query.wait)
      return reply.code(full ? 200 : 202).send(poolView(full ?? (await engine.pools.get(pool.name))))
    },
  )

  app.post(
    '/v1/pools/:pool/drain',
    {
      config,
      schema: {
        operationId: 'drainPool',
        tags,
        summary: 'End its machines that nobody has claimed, and make no new ones until it is set again',
        params,
        response: { 200: poolSchema },
      },
    },
    async (request, reply) => {
      const status = await engine.pools.drain(request.params.pool, condition(request))
      return reply.header('etag', tagOf(status.pool.rev)).send(poolView(status))
    },
  )
}

function rolloutRoutes(app: App, { engine, once }: RouteParts): void {
  app.get(
    '/v1/pools/:pool/rollout',
    {
      config: needs('read', 'any'),
      schema: {
        operationId: 'getPoolRollout',
        tags,
        summary: 'How far the new version is, or how the last rollout ended',
        params,
        response: { 200: poolRolloutSchema },
      },
    },
    async ({ params }) => {
      const { pool } = await engine.pools.get(params.pool)
      if (pool.rollout) return rolloutView(pool.rollout)
      throw new HearthError('not_found', `nothing was rolled out to pool ${pool.name} yet`)
    },
  )

  app.post(
    '/v1/pools/:pool/rollout',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'startPoolRollout',
        tags,
        summary:
          'Try a new template version on canaries; it takes over when they were validated, else everything stays as it was',
        params,
        headers: idempotencyHeadersSchema,
        body: poolRolloutStartSchema,
        response: { 202: poolSchema },
      },
    },
    (request, reply) =>
      once.answer(request, reply, {
        do: async () => {
          const status = await engine.pools.rollOut(request.params.pool, rolloutRequest(request.body), condition(request))
          return { status: 202, body: poolView(status), etag: tagOf(status.pool.rev) }
        },
        again: () => undefined,
      }),
  )

  app.post(
    '/v1/pools/:pool/rollout/abort',
    {
      config: needs('admin', 'server'),
      schema: {
        operationId: 'abortPoolRollout',
        tags,
        summary: 'End a rollout that is under way; the pool is made of what it was made of before',
        params,
        response: { 200: poolSchema },
      },
    },
    async ({ params }, reply) => {
      const status = await engine.pools.abortRollout(params.pool)
      return reply.header('etag', tagOf(status.pool.rev)).send(poolView(status))
    },
  )
}

/** The revision that a change is for, where the request names one. */
function condition(request: FastifyRequest): { readonly ifRev?: number } {
  const ifRev = wantedRev(request)
  return ifRev === undefined ? {} : { ifRev }
}
