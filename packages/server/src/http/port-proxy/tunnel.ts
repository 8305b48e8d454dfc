import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream'
import { answerHeaders } from './forward-headers.ts'

/** Joins a client and a service that have agreed on another protocol, byte for byte, until one of them ends. */
export function tunnel(
  client: Duplex,
  service: { response: IncomingMessage; head: Buffer; stream: Duplex },
  early: Buffer,
): void {
  const { response, head, stream } = service
  client.write(switching(response))
  if (head.length > 0) client.write(head)
  if (early.length > 0) stream.write(early)
  const end = () => {
    client.destroy()
    stream.destroy()
  }
  // One direction may end before the other; when one breaks, both are over.
  const over = (error?: Error | null) => error && end()
  pipeline(client, stream, over)
  pipeline(stream, client, over)
  client.once('close', end)
  stream.once('close', end)
}

/** The service's consent to change protocols, as the client gets it. */
function switching(response: IncomingMessage): string {
  const headers = { ...answerHeaders(response.headers), connection: 'Upgrade', upgrade: response.headers.upgrade ?? 'websocket' }
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}`),
  )
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`
}
