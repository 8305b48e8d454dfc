import { HearthError, isHearthError, type Log } from '@hearth/model'
import { execListSchema, execOpeningSchema } from '@hearth/protocol'
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { problemOf } from '../problem.ts'
import { timeView } from '../views/time-view.ts'
import { ClientSocket } from '../web-socket/client-socket.ts'
import { readMessage } from '../web-socket/read-message.ts'
import { serveExec } from '../web-socket/serve-exec.ts'
import { machineParams as params } from './params.ts'

/** How long a client may take to say what it wants, in milliseconds. */
const openingMs = 10_000

/** Processes in a machine. */
export function execRoutes(app: App, parts: RouteParts): void {
  const { engine, open, log } = parts
  app.get(
    '/v1/machines/:machine/execs',
    {
      schema: {
        operationId: 'listExecs',
        tags: ['exec'],
        summary: 'Processes started through the API',
        params,
        response: { 200: execListSchema },
      },
    },
    async ({ params }, reply) => {
      const session = await guestSession(engine, params.machine, open.signalOf(reply))
      const items = (await session.listExecs()).map(({ startedAtMs, argv, ...exec }) => ({
        ...exec,
        argv: [...argv],
        startedAt: timeView(startedAtMs),
      }))
      return { items }
    },
  )

  app.get(
    '/v1/machines/:machine/exec',
    {
      websocket: true,
      schema: {
        operationId: 'exec',
        tags: ['exec'],
        summary: 'WebSocket: start a process or attach to one; see the messages of exec',
        params,
      },
    },
    async (socket, { params }) => {
      const client = new ClientSocket(socket)
      await orFail(client, log, async () => {
        const opening = readMessage(execOpeningSchema, await openingOf(client))
        const session = await guestSession(engine, params.machine, client.gone)
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
