import { createHmac, timingSafeEqual } from 'node:crypto'
import { HearthError, type KeyId, keyScopes, type Name } from '@hearth/model'
import * as z from 'zod'
import { type Caller, callerOf, type Grant } from '../auth/caller.ts'

/** The header by which a server tells another whose request it passes on. */
export const passportHeader = 'x-hearth-passport'

/** How far apart the clocks of two servers may be, and a request on its way, in milliseconds. */
const goodForMs = 60_000

/** What is signed: good for one request at one server, for a moment. */
interface Passage {
  readonly from: string
  readonly to: string
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly at: number
}

const passportSchema = z.strictObject({
  from: z.string(),
  to: z.string(),
  method: z.string(),
  url: z.string(),
  at: z.number(),
  grant: z.strictObject({
    scope: z.enum(keyScopes),
    namespaces: z.union([z.literal('*'), z.array(z.string())]),
    id: z.string().optional(),
    hash: z.string().optional(),
  }),
})

/** The caller of a request, for the server that has `secret`; nobody else can make one or change it. */
export function writePassport(secret: string, passage: Passage, grant: Grant): string {
  const text = Buffer.from(JSON.stringify({ ...passage, grant })).toString('base64url')
  return `${text}.${signature(secret, text)}`
}

/** Whose request it is. @throws HearthError `unauthenticated` for what was not written for this request and this server */
export function readPassport(secret: string, expected: Omit<Passage, 'from' | 'at'>, now: number, passport: string): Caller {
  const [text = '', signed = ''] = passport.split('.')
  if (!isSame(signed, signature(secret, text))) throw refused('its signature is wrong')
  const read = passportSchema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  if (!read.success) throw refused('it is not what this version writes')
  const { grant, to, method, url, at } = read.data
  if (to !== expected.to || method !== expected.method || url !== expected.url) throw refused('it is for another request')
  if (Math.abs(now - at) > goodForMs) throw refused('it is too old, or the clocks of the two servers differ')
  const { id, hash, scope, namespaces } = grant
  return callerOf({
    scope,
    namespaces: namespaces === '*' ? '*' : (namespaces as Name[]),
    ...(id !== undefined && { id: id as KeyId }),
    ...(hash !== undefined && { hash }),
  })
}

function signature(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function refused(why: string): HearthError {
  return new HearthError('unauthenticated', `a request that another server passed on is refused: ${why}`)
}
