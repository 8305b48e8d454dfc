import type { ClientRequest, OutgoingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream'
import { HearthError } from '@hearth/model'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { withoutTicket } from '../auth/credentials.ts'
import type { App, HttpParts } from '../http/http-parts.ts'
import type { OpenRequests } from '../http/open-requests.ts'
import { type EarlyBytes, rememberEarlyBytes } from '../http/port-proxy/early-bytes.ts'
import { answerHeaders, endToEndHeaders } from '../http/port-proxy/forward-headers.ts'
import { tunnel } from '../http/port-proxy/tunnel.ts'
import { askPeer, NotReached, noServer, type PeerAnswer } from './ask-peer.ts'
import { passportHeader, writePassport } from './passport.ts'
import type { Peers } from './peers.ts'
import { hostByPath, hostForLaunch } from './whose-request.ts'

/** Who asks, and from where, is told by the passport; the answers to web pages are given here. */
const notPassedOn = new Set(['authorization', 'x-api-key', 'origin', 'referer', 'content-length'])
const launchRoute = /^\/v1(\/namespaces\/:namespace)?\/machines$/

interface PassOnParts extends Pick<HttpParts, 'engine'> {
  readonly peers: Peers
  readonly open: OpenRequests
}

/**
 * Passes requests on to the server whose machines, snapshots or pools they are about: with their bodies as they come, WebSockets
 * too, under the same id and for the same caller. Once only: what was passed on already is answered here.
 */
export function passRequestsOn(app: App, parts: PassOnParts): void {
  const { peers } = parts
  const early = rememberEarlyBytes(app)
  const isOurs = (request: FastifyRequest) => request.passedOn || request.is404 || !request.caller.isKnown
  const targetOf = async (request: FastifyRequest) => {
    const host = await hostByPath(parts, peers, request)
    return host === undefined || host === peers.self.host ? undefined : host
  }
  // Before the body is read, so that it goes on as it comes.
  app.addHook('onRequest', async (request, reply) => {
    if (isOurs(request) || request.ws) return
    const host = await targetOf(request)
    if (host === undefined) return
    await answer(parts, request, reply, host, (outgoing) => {
      // An error of either side is told by the request that was made of the peer.
      pipeline(request.raw, outgoing, () => undefined)
    })
    return reply
  })
  // Before it is checked: the other server sees what was sent.
  app.addHook('preValidation', async (request, reply) => {
    if (isOurs(request) || request.method !== 'POST' || !launchRoute.test(request.routeOptions.url ?? '')) return
    if (!peers.hasOthers) return
    const place = await hostForLaunch(peers, request.body)
    if (place === undefined) return
    try {
      await answer(parts, request, reply, place.host, (outgoing) => outgoing.end(JSON.stringify(request.body)))
    } catch (error) {
      // It has not heard of it: what is not warm can be made here.
      if (place.because === 'warm' && error instanceof NotReached) return
      throw error
    }
    return reply
  })
  app.addHook('preHandler', async (request, reply) => {
    if (isOurs(request) || !request.ws) return
    const host = await targetOf(request)
    if (host === undefined) return
    const upgraded = await ask(parts, request, reply, host, (outgoing) => outgoing.end())
    if (upgraded.kind === 'response') return send(reply, upgraded.response)
    join(request, reply, upgraded, early)
    return reply
  })
}

async function answer(
  parts: PassOnParts,
  request: FastifyRequest,
  reply: FastifyReply,
  host: string,
  body: (outgoing: ClientRequest) => void,
): Promise<void> {
  const answered = await ask(parts, request, reply, host, body)
  if (answered.kind === 'upgrade') throw new HearthError('internal', `host ${host} changed protocols unasked`)
  send(reply, answered.response)
}

function ask(
  { peers, open }: PassOnParts,
  request: FastifyRequest,
  reply: FastifyReply,
  host: string,
  body: (outgoing: ClientRequest) => void,
): Promise<PeerAnswer> {
  const other = peers.live(host)
  if (!other) throw noServer(host)
  const { method } = request
  const url = withoutTicket(request.raw.url ?? '')
  const signal = AbortSignal.any([open.signalOf(reply), other.gone])
  const headers = headersFor(peers, request, { method, url, to: host, secret: other.entry.secret })
  return askPeer(other.entry, peers.self.computer, { method, url, headers, signal }, body)
}

/** The headers of a request as the other server gets them. */
export function headersFor(
  peers: Peers,
  request: FastifyRequest,
  { secret, ...passage }: { method: string; url: string; to: string; secret: string },
): OutgoingHttpHeaders {
  const { caller, raw, id, ws, body } = request
  const { grant } = caller
  if (grant === undefined) throw new HearthError('internal', 'a request of nobody cannot be passed on')
  const passport = writePassport(secret, { ...passage, from: peers.self.host, at: peers.now }, grant)
  const headers = Object.entries(endToEndHeaders(raw.headers)).filter(([name]) => !notPassedOn.has(name))
  // A body that was read is written anew; one that is not there must not look like one of unknown length.
  const isBare = raw.headers['content-length'] === undefined && raw.headers['transfer-encoding'] === undefined
  const length = isBare ? '0' : raw.headers['content-length']
  // Of its own accord Node frames no body of GET or DELETE: the other server would take it for the next request, and one without a passport.
  const isChunked = body === undefined && !ws && raw.headers['transfer-encoding'] !== undefined
  return {
    ...Object.fromEntries(headers),
    ...(body === undefined && !ws && length !== undefined && { 'content-length': length }),
    ...(isChunked && { 'transfer-encoding': 'chunked' }),
    ...(ws && { connection: 'Upgrade', upgrade: raw.headers.upgrade }),
    'x-request-id': id,
    [passportHeader]: passport,
  }
}

function send(reply: FastifyReply, response: Extract<PeerAnswer, { kind: 'response' }>['response']): FastifyReply {
  return reply
    .code(response.statusCode ?? 502)
    .headers(answerHeaders(response.headers))
    .send(response)
}

function join(
  request: FastifyRequest,
  reply: FastifyReply,
  answered: Extract<PeerAnswer, { kind: 'upgrade' }>,
  early: EarlyBytes,
) {
  reply.hijack()
  tunnel(request.raw.socket, answered, early.of(request.raw))
}
