import { existsSync } from 'node:fs'
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Duplex } from 'node:stream'
import { HearthError, isHearthError, messageOf, type ServerEntry } from '@hearth/model'

/** How long a server may take to accept a connection, in milliseconds. */
const connectMs = 3000
/** When a client should try again, in milliseconds. */
const retryAfterMs = 2000

const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }

export interface PeerRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: OutgoingHttpHeaders
  readonly signal: AbortSignal
}

export type PeerAnswer =
  | { readonly kind: 'response'; readonly response: IncomingMessage }
  | { readonly kind: 'upgrade'; readonly response: IncomingMessage; readonly head: Buffer; readonly stream: Duplex }

/** Nothing was asked: there was no connection. */
export class NotReached extends HearthError {}

/**
 * Asks another server; `send` writes the body. @throws NotReached when it cannot be connected to, `host_unavailable` when the
 * connection breaks before an answer, and it cannot be known what was done
 */
export function askPeer(
  peer: ServerEntry,
  ownComputer: string,
  { method, url, headers, signal }: PeerRequest,
  send: (request: ClientRequest) => void,
): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    let connected = false
    const outgoing = open(peer, ownComputer, { method, path: url, headers, signal })
    const late = setTimeout(() => outgoing.destroy(new Error(`no connection within ${connectMs / 1000} s`)), connectMs)
    const isThere = () => {
      connected = true
      clearTimeout(late)
    }
    outgoing.once('socket', (socket) => (socket.connecting ? socket.once('connect', isThere) : isThere()))
    outgoing.once('response', (response) => resolve({ kind: 'response', response }))
    outgoing.once('upgrade', (response, stream, head) => {
      // After a change of protocols the request has nothing to do with its stream any more.
      const leave = () => stream.destroy()
      signal.addEventListener('abort', leave, { once: true })
      stream.once('close', () => signal.removeEventListener('abort', leave))
      resolve({ kind: 'upgrade', response, head, stream })
    })
    outgoing.on('error', (error) => {
      clearTimeout(late)
      reject(connected ? unavailable(peer.host, error) : notReached(peer.host, error))
    })
    send(outgoing)
  })
}

/** On the same computer by its socket, which needs no address. */
function open(
  peer: ServerEntry,
  ownComputer: string,
  options: { method: string; path: string; headers: OutgoingHttpHeaders; signal: AbortSignal },
): ClientRequest {
  if (peer.computer === ownComputer && existsSync(peer.socket)) {
    return httpRequest({ ...options, socketPath: peer.socket, agent: agents.http })
  }
  if (peer.url === undefined) throw notReached(peer.host, new Error('it tells no address: set "advertise" or "listen" there'))
  const { protocol, hostname, port, host } = new URL(peer.url)
  const at = { ...options, hostname: hostname.replace(/^\[|\]$/g, ''), port, headers: { ...options.headers, host } }
  return protocol === 'https:' ? httpsRequest({ ...at, agent: agents.https }) : httpRequest({ ...at, agent: agents.http })
}

/** What is found to be of another host only here, behind everything that passes requests on, could not be asked of its server. That passes. */
export function whereServersAre(error: unknown): unknown {
  const host = isHearthError(error, 'wrong_host') ? error.details?.host : undefined
  return typeof host === 'string' ? noServer(host) : error
}

/** There is no server of that host that lives. */
export function noServer(host: string): HearthError {
  return new HearthError('host_unavailable', `it is on host ${host}, whose server does not answer`, {
    hint: 'Start the server of that host; its machines and snapshots are there.',
    details: { host, retryAfterMs },
  })
}

function notReached(host: string, cause: unknown): NotReached {
  return new NotReached('host_unavailable', `the server of host ${host} cannot be reached: ${messageOf(cause)}`, {
    cause,
    details: { host, retryAfterMs },
  })
}

function unavailable(host: string, cause: unknown): HearthError {
  return new HearthError('host_unavailable', `the server of host ${host} went away: ${messageOf(cause)}`, {
    hint: 'What it was asked may have been done; with an Idempotency-Key it is safe to ask again.',
    cause,
    details: { host, retryAfterMs },
  })
}
