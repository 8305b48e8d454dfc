import { type AccessKey, defaultNamespace, HearthError, type Log } from '@hearth/model'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../http/http-parts.ts'
import { passportHeader, readPassport } from '../peers/passport.ts'
import type { Peers } from '../peers/peers.ts'
import type { Auth } from './auth.ts'
import { type Caller, callerOf, nobody, ownerCaller } from './caller.ts'
import { credentialOf, isWebSocket, pathOf } from './credentials.ts'
import { looksLikeKey } from './key-secret.ts'
import type { Needs } from './needs.ts'
import type { Taken } from './token-buckets.ts'

/** A route that says nothing is closed to all but this. */
const undeclared: Needs = { scope: 'admin', of: 'server' }

export interface AuthenticateOptions {
  readonly auth: Auth
  readonly log: Log
  /** On a unix socket that only the owner of the server can open. */
  readonly everyoneIsOwner: boolean
  /** Servers that may pass requests on to this one. */
  readonly peers?: Peers | undefined
}

/**
 * Lets each request through whose caller may ask it, and tells the handler who that is (`request.caller`). Runs before a body
 * is read. @throws HearthError `unauthenticated`, `forbidden`, `namespace_not_found`, `rate_limited`
 */
export function authenticate(app: App, { auth, log, everyoneIsOwner, peers }: AuthenticateOptions): void {
  app.decorateRequest('caller', null as unknown as Caller)
  app.decorateRequest('passedOn', false)
  app.addHook('onRequest', async (request, reply) => {
    request.caller = nobody
    const passport = request.headers[passportHeader]
    if (peers && typeof passport === 'string') {
      const { method, raw } = request
      request.caller = readPassport(peers.self.secret, { to: peers.self.host, method, url: raw.url ?? '' }, peers.now, passport)
      request.passedOn = true
      if (!request.is404) check(request, request.routeOptions.config.needs ?? undeclared)
      return
    }
    const wanted = request.routeOptions.config.needs ?? undeclared
    if (wanted.scope === 'nothing') return
    request.caller = everyoneIsOwner ? ownerCaller : await callerByKey({ auth, log }, request, reply)
    // Where nothing is, that is the answer, to whoever has a key.
    if (!request.is404) check(request, wanted)
  })
}

function check(request: FastifyRequest, { scope, of }: Needs): void {
  if (scope === 'nothing') return
  if (of === 'namespace') request.caller.require(scope, namespaceOf(request))
  else if (of === 'server') request.caller.requireOnServer(scope)
  else request.caller.requireAnywhere(scope)
}

/** The namespace that a request is about: that of its path. */
export function namespaceOf({ params }: FastifyRequest): string {
  const { namespace } = (params ?? {}) as { readonly namespace?: string }
  return namespace ?? defaultNamespace
}

type Parts = Pick<AuthenticateOptions, 'auth' | 'log'>

async function callerByKey({ auth, log }: Parts, request: FastifyRequest, reply: FastifyReply): Promise<Caller> {
  const found = await findCaller({ auth, log }, request, reply)
  if (found === 'owner') return ownerCaller
  const taken = auth.limits.request(found)
  if (taken !== undefined) tellLimit(reply, taken)
  if (taken?.ok === false) throw tooMany('this key', taken)
  auth.lastUsed.note(found)
  endWithKey(auth, found, request, reply)
  return callerOf(found)
}

async function findCaller({ auth, log }: Parts, request: FastifyRequest, reply: FastifyReply): Promise<AccessKey | 'owner'> {
  const credential = credentialOf(request.raw.url ?? '', request.headers)
  if (credential === undefined) throw unauthenticated(reply, 'this needs a key')
  const { kind, secret } = credential
  const allowed = auth.limits.mayTry(request.ip)
  if (!allowed.ok && !(kind === 'key' && auth.ring.hasSeen(secret))) throw tooMany('wrong keys from this address', allowed)
  if (kind === 'ticket') {
    const holder = auth.tickets.redeem(secret, pathOf(request.raw.url ?? ''))
    const found = holder === undefined || holder === 'owner' ? holder : await auth.ring.findByHash(holder.keyHash)
    if (found !== undefined) return found
  } else {
    const found = looksLikeKey(secret) ? await auth.ring.find(secret) : undefined
    if (found !== undefined) return found
  }
  auth.limits.refused(request.ip)
  log.warn('auth.refused', { address: request.ip, offered: kind, requestId: request.id })
  throw unauthenticated(reply, `the ${kind} is not valid`)
}

/** The request ends when its key does, however long it would last. */
function endWithKey(auth: Auth, { id, hash }: AccessKey, { raw }: FastifyRequest, reply: FastifyReply): void {
  const isOver = auth.open.add(hash, id, raw.socket)
  if (isWebSocket(raw.headers)) raw.socket.once('close', isOver)
  else reply.raw.once('close', isOver)
}

function unauthenticated(reply: FastifyReply, message: string): HearthError {
  reply.header('www-authenticate', 'Bearer realm="hearth"')
  return new HearthError('unauthenticated', message, {
    hint: 'Send "Authorization: Bearer KEY" or "X-API-Key: KEY"; "hearth key create" on the host of the server makes one.',
  })
}

function tellLimit(reply: FastifyReply, { limit, remaining, resetMs }: Taken): void {
  reply.header('ratelimit-limit', limit)
  reply.header('ratelimit-remaining', remaining)
  reply.header('ratelimit-reset', Math.ceil(resetMs / 1000))
}

function tooMany(what: string, { limit, retryAfterMs }: Taken): HearthError {
  return new HearthError('rate_limited', `too many requests: ${limit} a minute are allowed to ${what}`, {
    details: { requestsPerMinute: limit, retryAfterMs },
  })
}
