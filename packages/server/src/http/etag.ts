import { HearthError } from '@hearth/model'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Anything whose changes are counted. */
interface Counted {
  readonly rev: number
}

/**
 * Answers 304 when the client has this version already (If-None-Match, RFC 9110 section 13.1.2), and names the version either way.
 * Whether an answer was given.
 */
export function isUnchanged(request: FastifyRequest, reply: FastifyReply, { rev }: Counted): boolean {
  const tag = tagOf(rev)
  reply.header('etag', tag)
  const known = request.headers['if-none-match']
  if (known === undefined || !isListed(known, tag)) return false
  reply.code(304).send()
  return true
}

/** The version that a change is for (If-Match, RFC 9110 section 13.1.1), when the client names one. @throws HearthError `invalid_input` */
export function wantedRev({ headers }: FastifyRequest): number | undefined {
  const wanted = headers['if-match']
  if (wanted === undefined || wanted.trim() === '*') return undefined
  const [, rev] = /^ *"([0-9]{1,15})" *$/.exec(wanted) ?? []
  if (rev === undefined) {
    throw new HearthError(
      'invalid_input',
      `header If-Match: ${JSON.stringify(wanted)} is not allowed; one ETag such as "3", or *`,
    )
  }
  return Number(rev)
}

/** @throws HearthError `precondition_failed` when the client wants to change another version than this one */
export function mustMatch(request: FastifyRequest, { rev }: Counted): void {
  const wanted = wantedRev(request)
  if (wanted === undefined || wanted === rev) return
  throw new HearthError('precondition_failed', `it is at version ${rev}, not at ${wanted} any more`, {
    hint: 'Get it again and decide anew.',
    details: { rev },
  })
}

/** Whether a request names a version at all: only then must the present one be read first. */
export function hasCondition({ headers }: FastifyRequest): boolean {
  return headers['if-match'] !== undefined
}

export function tagOf(rev: number): string {
  return `"${rev}"`
}

function isListed(header: string, tag: string): boolean {
  if (header.trim() === '*') return true
  return header.split(',').some((each) => {
    const one = each.trim()
    return one === tag || one === `W/${tag}`
  })
}
