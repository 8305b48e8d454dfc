import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { ClientSocket } from '../web-socket/client-socket.ts'
import { serveDial } from '../web-socket/serve-dial.ts'
import { orFail } from './exec-routes.ts'
import { dialParams as params } from './params.ts'

/** Connections to ports inside a machine. */
export function dialRoutes(app: App, { engine, log }: RouteParts): void {
  app.get(
    '/v1/machines/:machine/dial/:port',
    {
      websocket: true,
      schema: {
        operationId: 'dial',
        tags: ['dial'],
        summary: "WebSocket: a connection to a TCP port on the machine's own loopback; see the messages of dial",
        params,
      },
    },
    async (socket, { params }) => {
      const client = new ClientSocket(socket)
      await orFail(client, log, async () =>
        serveDial(client, await guestSession(engine, params.machine, client.gone), params.port),
      )
    },
  )
}
