import type { ForkResult } from '@hearth/engine'
import type { Machine } from '@hearth/model'
import { forkResultSchema, forkSchema, idempotencyHeadersSchema, launchSchema, machineSchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { tagOf } from '../etag.ts'
import type { App, RouteParts } from '../http-parts.ts'
import type { Answer } from '../idempotency/answer.ts'
import { launchOptions, launchRequest } from '../launch-request.ts'
import { engineOf, locationOf, type Mount } from '../mount.ts'
import { problemOf } from '../problem.ts'
import { machineView } from '../views/machine-view.ts'
import { machineShape } from './params.ts'

const tags = ['machines']

/** What makes machines: launch and fork. */
export function launchRoutes(app: App, { engine, once }: RouteParts, { prefix, operation, params }: Mount): void {
  app.post(
    `${prefix}/machines`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('launchMachine'),
        tags,
        summary: 'Launch a machine: warm, else restored, else cold',
        params: params({}),
        headers: idempotencyHeadersSchema,
        body: launchSchema,
        response: { 201: machineSchema },
      },
    },
    (request, reply) => {
      const wanted = launchRequest(request.body)
      return once.answer(request, reply, {
        do: async (options) => launched(await engineOf(engine, request.params).launch(wanted, options)),
        again: (outcome) => (outcome.kind === 'machine' ? launched(outcome.machine) : undefined),
      })
    },
  )

  app.post(
    `${prefix}/machines/:machine/fork`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('forkMachine'),
        tags,
        summary: 'Clone a running machine; it goes on',
        params: params(machineShape),
        headers: idempotencyHeadersSchema,
        body: forkSchema,
        response: { 200: forkResultSchema },
      },
    },
    (request, reply) => {
      const { params, body } = request
      const wanted = { ...launchOptions(body), count: body.count }
      return once.answer(request, reply, {
        do: async (options) => forked(await engineOf(engine, params).fork(params.machine, wanted, options)),
        again: (outcome) => {
          if (outcome.kind !== 'fork') return undefined
          return forked({ snapshotId: outcome.snapshotId, results: outcome.machines.map((machine) => ({ machine })) })
        },
      })
    },
  )
}

function launched(machine: Machine): Answer {
  return { status: 201, body: machineView(machine), location: locationOf('machines', machine), etag: tagOf(machine.rev) }
}

function forked({ snapshotId, results }: ForkResult): Answer {
  const shown = results.map((one) => ('machine' in one ? { machine: machineView(one.machine) } : { error: problemOf(one.error) }))
  return { status: 200, body: { snapshotId, results: shown } }
}
