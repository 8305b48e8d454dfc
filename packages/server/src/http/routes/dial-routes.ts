import { needs } from '../../auth/needs.ts'
import { guestSession } from '../guest-session.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { engineOf, type Mount } from '../mount.ts'
import { ClientSocket } from '../web-socket/client-socket.ts'
import { serveDial } from '../web-socket/serve-dial.ts'
import { orFail } from './exec-routes.ts'
import { portShape } from './params.ts'

/** Connections to ports inside a machine. */
export function dialRoutes(app: App, { engine, log }: RouteParts, { prefix, operation, params }: Mount): void {
  app.get(
    `${prefix}/machines/:machine/dial/:port`,
    {
      config: needs('use'),
      websocket: true,
      schema: {
        operationId: operation('dial'),
        tags: ['dial'],
        summary: "WebSocket: a connection to a TCP port on the machine's own loopback; see the messages of dial",
        params: params(portShape),
      },
    },
    async (socket, { params }) => {
      const client = new ClientSocket(socket)
      await orFail(client, log, async () =>
        serveDial(client, await guestSession(engineOf(engine, params), params.machine, client.gone), params.port),
      )
    },
  )
}
