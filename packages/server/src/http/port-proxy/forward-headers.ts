import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { passportHeader } from '../../peers/passport.ts'

/** They concern one connection only (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/** What tells our server who asks is nobody's business inside a machine. */
const credentials = new Set(['authorization', 'x-api-key', 'idempotency-key', passportHeader])
const replaced = new Set(['host', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-prefix'])

export interface Forwarded {
  readonly headers: IncomingHttpHeaders
  readonly port: number
  /** The client's address; unknown on a unix socket. */
  readonly ip: string | undefined
  readonly protocol: string
  /** The part of the path that was taken off. */
  readonly prefix: string
}

/** The headers of a request as the service in the machine gets them. */
export function requestHeaders({ headers, port, ip, protocol, prefix }: Forwarded): OutgoingHttpHeaders {
  const own = named(headers.connection)
  const kept = Object.entries(headers).filter(([name]) => !isOurs(name, own) && !credentials.has(name) && !replaced.has(name))
  return {
    ...Object.fromEntries(kept),
    host: `localhost:${port}`,
    connection: 'close',
    ...(ip && { 'x-forwarded-for': ip }),
    ...(headers.host !== undefined && { 'x-forwarded-host': headers.host }),
    'x-forwarded-proto': protocol,
    'x-forwarded-prefix': prefix,
  }
}

/** The headers of the service's answer as the client gets them. */
export function answerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return endToEndHeaders(headers)
}

/** What concerns more than one connection. */
export function endToEndHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const own = named(headers.connection)
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isOurs(name, own)))
}

function isOurs(name: string, own: ReadonlySet<string>): boolean {
  return hopByHop.has(name) || own.has(name)
}

/** Further headers that the sender declares to be of this connection. */
function named(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
}
