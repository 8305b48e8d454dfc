import { HearthError, isHearthError, type Log } from '@hearth/model'
import { execListSchema, execOpeningSchema, execRunResultSchema, execRunSchema } from '@hearth/protocol'
import { needs } from '../../auth/needs.ts'
import { runToEnd } from '../exec-run.ts'
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { problemOf } from '../problem.ts'
import { timeView } from '../views/time-view.ts'
import { ClientSocket } from '../web-socket/client-socket.ts'
import { readMessage } from '../web-socket/read-message.ts'
import { serveExec } from '../web-socket/serve-exec.ts'
import { machineShape } from './params.ts'

/** How long a client may take to say what it wants, in milliseconds. */
const openingMs = 10_000

/** Processes in a machine. */
export function execRoutes(app: App, parts: RouteParts, mount: Mount): void {
  lookRoute(app, parts, mount)
  runRoute(app, parts, mount)
  socketRoute(app, parts, mount)
}

function lookRoute(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/execs`,
    {
      config: needs('read'),
      schema: {
        operationId: operation('listExecs'),
        tags: ['exec'],
        summary: 'Processes started through the API',
        params: params(machineShape),
        response: { 200: execListSchema },
      },
    },
    async ({ params }, reply) => {
      const session = await guestSession(engineOf(engine, params), params.machine, open.signalOf(reply))
      const items = (await session.listExecs()).map(({ startedAtMs, argv, ...exec }) => ({
        ...exec,
        argv: [...argv],
        startedAt: timeView(startedAtMs),
      }))
      return { items }
    },
  )
}

function runRoute(app: App, { engine, open }: RouteParts, { prefix, operation, params }: Mount): void {
  app.post(
    `${prefix}/machines/:machine/exec`,
    {
      config: needs('use'),
      schema: {
        operationId: operation('runExec'),
        tags: ['exec'],
        summary: 'Run a process to its end; a code other than 0 is an answer, not an error',
        params: params(machineShape),
        body: execRunSchema,
        response: { 200: execRunResultSchema },
      },
    },
    async ({ params, body }, reply) => {
      const gone = open.signalOf(reply)
      return runToEnd(await guestSession(engineOf(engine, params), params.machine, gone), body, gone)
    },
  )
}

function socketRoute(app: App, { engine, log }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/exec`,
    {
      config: needs('use'),
      websocket: true,
      schema: {
        operationId: operation('exec'),
        tags: ['exec'],
        summary: 'WebSocket: start a process or attach to one; see the messages of exec',
        params: params(machineShape),
      },
    },
    async (socket, { params }) => {
      const client = new ClientSocket(socket)
      await orFail(client, log, async () => {
        const opening = readMessage(execOpeningSchema, await openingOf(client))
        const session = await guestSession(engineOf(engine, params), params.machine, client.gone)
        await serveExec(client, session, opening)
      })
    },
  )
}

async function openingOf(client: ClientSocket): Promise<string> {
  const late = setTimeout(() => client.fail({ type: 'error', error: problemOf(saysNothing()) }), openingMs)
  const first = await client.next()
  clearTimeout(late)
  client.gone.throwIfAborted()
  if (typeof first !== 'string')
    throw new HearthError('invalid_input', 'the first message must be text: what to start or attach to')
  return first
}

function saysNothing(): HearthError {
  return new HearthError('invalid_input', `no message came within ${openingMs / 1000} s of connecting`)
}

/** Runs `serve`; an error becomes the client's last message. */
export async function orFail(client: ClientSocket, log: Log, serve: () => Promise<void>): Promise<void> {
  try {
    await serve()
  } catch (error) {
    if (client.gone.aborted) return
    const problem = problemOf(error)
    if (!isHearthError(error)) log.error('http.failed', { error: problem.detail })
    client.fail({ type: 'error', error: problem })
  }
}
