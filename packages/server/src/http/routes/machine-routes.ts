import {
  extendSchema,
  machinePageSchema,
  machineQuerySchema,
  machineSchema,
  machineStatsSchema,
  receiptSchema,
} from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { hasCondition, isUnchanged, mustMatch } from '../etag.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount, mustExist } from '../mount.ts'
import { machineQuery } from '../queries.ts'
import { machineView, receiptView, statsView } from '../views/machine-view.ts'
import { pageView } from '../views/page-view.ts'
import { machineShape, nothing } from './params.ts'

const tags = ['machines']

/** Machines that exist: list, show, receipt, stats, pause, resume, extend, end. */
export function machineRoutes(app: App, parts: RouteParts, mount: Mount): void {
  listRoutes(app, parts, mount)
  lookRoutes(app, parts, mount)
  holdRoutes(app, parts, mount)
  endRoutes(app, parts, mount)
}

function listRoutes(app: App, { engine }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('listMachines'),
        tags,
        summary: 'Machines that live, newest first; with all=1 also those that have ended',
        params: params({}),
        querystring: machineQuerySchema,
        response: { 200: machinePageSchema },
      },
    },
    async ({ params, query }) => {
      await mustExist(engine, params)
      return pageView(await engineOf(engine, params).machines.page(machineQuery(query)), machineView)
    },
  )

  app.get(
    `${prefix}/machines/:machine`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getMachine'),
        tags,
        summary: 'One machine, by id or name',
        params: params(machineShape),
        response: { 200: machineSchema },
      },
    },
    async (request, reply) => {
      const { params } = request
      const machine = await engineOf(engine, params).machines.get(params.machine)
      if (isUnchanged(request, reply, machine)) return reply
      return machineView(machine)
    },
  )
}

function lookRoutes(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/receipt`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getReceipt'),
        tags,
        summary: 'Proof of what was personalised',
        params: params(machineShape),
        response: { 200: receiptSchema },
      },
    },
    async ({ params }) => receiptView(await engineOf(engine, params).machines.receipt(params.machine)),
  )

  app.get(
    `${prefix}/machines/:machine/stats`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('getMachineStats'),
        tags,
        summary: 'Memory and CPU',
        params: params(machineShape),
        response: { 200: machineStatsSchema },
      },
    },
    async ({ params }, reply) => {
      const signal = open.signalOf(reply)
      const { machines } = engineOf(engine, params)
      const host = await machines.stats(params.machine)
      const machine = await machines.get(params.machine)
      if (machine.state !== 'running') return statsView(host, undefined)
      const session = await (await machines.guest(params.machine)).session({ signal })
      return statsView(host, await session.metrics())
    },
  )
}

function holdRoutes(app: App, { engine }: RouteParts, { prefix, operation, params }: Mount): void {
  const answer = { params: params(machineShape), response: { 200: machineSchema } }

  app.post(
    `${prefix}/machines/:machine/pause`,
    { config: needs('use'), schema: { operationId: operation('pauseMachine'), tags, summary: 'Stop its CPUs', ...answer } },
    async ({ params }) => machineView(await engineOf(engine, params).machines.pause(params.machine)),
  )

  app.post(
    `${prefix}/machines/:machine/resume`,
    {
      config: needs('use'),
      schema: { operationId: operation('resumeMachine'), tags, summary: 'Let it go on, with the right time', ...answer },
    },
    async ({ params }) => machineView(await engineOf(engine, params).machines.resume(params.machine)),
  )

  app.post(
    `${prefix}/machines/:machine/extend`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('extendMachine'),
        tags,
        summary: 'Give it time from now on, more or less than it had',
        body: extendSchema,
        ...answer,
      },
    },
    async ({ params, body }) => machineView(await engineOf(engine, params).machines.extend(params.machine, body.timeoutMs)),
  )
}

function endRoutes(app: App, { engine }: RouteParts, { prefix, operation, params }: Mount): void {
  app.delete(
    `${prefix}/machines/:machine`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('removeMachine'),
        tags,
        summary: 'End it; nothing of it is left on the host',
        params: params(machineShape),
        response: { 204: nothing },
      },
    },
    async (request, reply) => {
      const { params } = request
      const { machines } = engineOf(engine, params)
      if (hasCondition(request)) mustMatch(request, await machines.get(params.machine))
      await machines.destroy(params.machine)
      return reply.code(204).send(null)
    },
  )
}
