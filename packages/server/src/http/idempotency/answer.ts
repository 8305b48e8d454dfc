import { problemContentType } from '@hearth/protocol'
import type { FastifyReply } from 'fastify'
import { problemOf } from '../problem.ts'

/** What a request is answered with; kept as JSON when it was made with a key. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly location?: string
  readonly etag?: string
}

export function sendAnswer(reply: FastifyReply, { status, body, location, etag }: Answer): FastifyReply {
  reply.code(status)
  if (location !== undefined) reply.header('location', location)
  if (etag !== undefined) reply.header('etag', etag)
  // Already JSON: a problem has no schema of the route's.
  if (status >= 400) return reply.type(problemContentType).send(JSON.stringify(body))
  return reply.send(body)
}

/** An error as an answer that can be given again. */
export function problemAnswer(error: unknown): Answer {
  const problem = problemOf(error)
  return { status: problem.status, body: problem }
}
