import type { LaunchOptions, LaunchRequest } from '@hearth/engine'
import { HearthError, type InjectedFile } from '@hearth/model'
import {
  forkResultSchema,
  forkSchema,
  type injectedFileSchema,
  launchSchema,
  machinePageSchema,
  machineQuerySchema,
  machineSchema,
  machineStatsSchema,
  receiptSchema,
} from '@hearth/protocol'
import type * as z from 'zod'
import type { App, RouteParts } from '../http-parts.ts'
import { problemOf } from '../problem.ts'
import { machineQuery } from '../queries.ts'
import { machineView, receiptView, statsView } from '../views/machine-view.ts'
import { pageView } from '../views/page-view.ts'
import { nothing, machineParams as params } from './params.ts'

const tags = ['machines']

/** Machines: launch, list, show, end, pause, resume, fork, receipt, stats. */
export function machineRoutes(app: App, parts: RouteParts): void {
  launchRoutes(app, parts)
  lookRoutes(app, parts)
  changeRoutes(app, parts)
}

function launchRoutes(app: App, { engine, open }: RouteParts): void {
  app.post(
    '/v1/machines',
    {
      schema: {
        operationId: 'launchMachine',
        tags,
        summary: 'Launch a machine: restored, else cold',
        body: launchSchema,
        response: { 201: machineSchema },
      },
    },
    async ({ body }, reply) => {
      const machine = await engine.launch(launchRequest(body), { signal: open.signalOf(reply) })
      return reply.code(201).send(machineView(machine))
    },
  )

  app.post(
    '/v1/machines/:machine/fork',
    {
      schema: {
        operationId: 'forkMachine',
        tags,
        summary: 'Clone a running machine; it goes on',
        params,
        body: forkSchema,
        response: { 200: forkResultSchema },
      },
    },
    async ({ params, body }, reply) => {
      const request = { ...launchOptions(body), count: body.count }
      const { snapshotId, results } = await engine.fork(params.machine, request, { signal: open.signalOf(reply) })
      return {
        snapshotId,
        results: results.map((one) =>
          'machine' in one ? { machine: machineView(one.machine) } : { error: problemOf(one.error) },
        ),
      }
    },
  )
}

function lookRoutes(app: App, { engine, open }: RouteParts): void {
  app.get(
    '/v1/machines',
    {
      schema: {
        operationId: 'listMachines',
        tags,
        summary: 'Machines that live, newest first; with all=1 also those that have ended',
        querystring: machineQuerySchema,
        response: { 200: machinePageSchema },
      },
    },
    async ({ query }) => pageView(await engine.machines.page(machineQuery(query)), machineView),
  )

  app.get(
    '/v1/machines/:machine',
    {
      schema: {
        operationId: 'getMachine',
        tags,
        summary: 'One machine, by id or name',
        params,
        response: { 200: machineSchema },
      },
    },
    async ({ params }) => machineView(await engine.machines.get(params.machine)),
  )

  app.get(
    '/v1/machines/:machine/receipt',
    {
      schema: {
        operationId: 'getReceipt',
        tags,
        summary: 'Proof of what was personalised',
        params,
        response: { 200: receiptSchema },
      },
    },
    async ({ params }) => receiptView(await engine.machines.receipt(params.machine)),
  )

  app.get(
    '/v1/machines/:machine/stats',
    {
      schema: { operationId: 'getMachineStats', tags, summary: 'Memory and CPU', params, response: { 200: machineStatsSchema } },
    },
    async ({ params }, reply) => {
      const signal = open.signalOf(reply)
      const host = await engine.machines.stats(params.machine)
      const machine = await engine.machines.get(params.machine)
      if (machine.state !== 'running') return statsView(host, undefined)
      const session = await (await engine.machines.guest(params.machine)).session({ signal })
      return statsView(host, await session.metrics())
    },
  )
}

function changeRoutes(app: App, { engine }: RouteParts): void {
  app.post(
    '/v1/machines/:machine/pause',
    { schema: { operationId: 'pauseMachine', tags, summary: 'Stop its CPUs', params, response: { 200: machineSchema } } },
    async ({ params }) => machineView(await engine.machines.pause(params.machine)),
  )

  app.post(
    '/v1/machines/:machine/resume',
    {
      schema: {
        operationId: 'resumeMachine',
        tags,
        summary: 'Let it go on, with the right time',
        params,
        response: { 200: machineSchema },
      },
    },
    async ({ params }) => machineView(await engine.machines.resume(params.machine)),
  )

  app.delete(
    '/v1/machines/:machine',
    {
      schema: {
        operationId: 'removeMachine',
        tags,
        summary: 'End it; nothing of it is left on the host',
        params,
        response: { 204: nothing },
      },
    },
    async ({ params }, reply) => {
      await engine.machines.destroy(params.machine)
      return reply.code(204).send(null)
    },
  )
}

function launchRequest(body: z.output<typeof launchSchema>): LaunchRequest {
  const { template, snapshot, boot, resources } = body
  if ((template === undefined) === (snapshot === undefined)) {
    throw new HearthError('invalid_input', 'name either a template or a snapshot', { details: { field: 'template' } })
  }
  if (boot === 'warm') throw noPool()
  return {
    ...launchOptions(body),
    ...(template !== undefined && { template }),
    ...(snapshot !== undefined && { snapshot }),
    ...(boot !== undefined && { boot }),
    ...(resources !== undefined && { resources }),
  }
}

function noPool(): HearthError {
  return new HearthError('boot_method_unavailable', 'no machine can be handed out warm: this server keeps no pool', {
    hint: 'Launch with boot "auto".',
    details: { reasons: [{ code: 'pool_unregistered', detail: 'there is no pool' }] },
  })
}

/** What every launch may be given, as the engine knows it. */
export function launchOptions(body: ReceivedOptions): LaunchOptions {
  const { name, hostname, env, secrets, labels, egress, timeoutMs, onTimeout } = body
  return {
    ...(name !== undefined && { name }),
    ...(hostname !== undefined && { hostname }),
    env,
    secrets,
    labels,
    ...(egress !== undefined && { egress }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(onTimeout !== undefined && { onTimeout }),
    files: body.files.map(injectedFile),
  }
}

type ReceivedOptions = Pick<z.output<typeof launchSchema>, 'name' | 'env' | 'secrets' | 'labels' | 'files'> &
  Partial<Pick<z.output<typeof launchSchema>, 'hostname' | 'egress' | 'timeoutMs' | 'onTimeout'>>

function injectedFile(file: z.output<typeof injectedFileSchema>): InjectedFile {
  return { path: file.path, content: Buffer.from(file.content, 'base64'), mode: Number.parseInt(file.mode, 8) }
}
