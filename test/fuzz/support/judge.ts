import { type ErrorCode, errorStatus } from '@hearth/model'
import type { Answered, Asked } from './asked.ts'
import type { Schemas } from './json-schema.ts'
import { misfits } from './misfits.ts'
import type { Operation } from './operations.ts'

/** Failures of what is behind the server, and no fault of its own: a guest that refuses, a service that is no web service. */
const gateway: readonly string[] = ['guest_error', 'guest_unreachable', 'guest_protocol']
/** The statuses under which HTTP itself refuses what cannot be read as a request. */
const ofHttp: readonly number[] = [400, 408, 417, 426, 431]

export interface Verdict {
  readonly code: string | undefined
  /** What is wrong with the answer. */
  readonly faults: readonly string[]
}

/** Whether an answer is one that the description of the API allows. `mayFail`: what is behind the server was broken on purpose. */
export function judged(
  asked: Asked,
  operation: Operation | undefined,
  answer: Answered,
  named: Schemas,
  mayFail = false,
): Verdict {
  const { status, type, body } = answer
  // Node closes the connection of a CONNECT, and of what is cut off in the middle.
  if (status === 0) return { code: undefined, faults: asked.bytes === undefined ? ['no answer'] : [] }
  if (status < 400) return { code: undefined, faults: successFaults(operation, asked, answer, named) }
  if (asked.method === 'HEAD' || body === '') return { code: undefined, faults: bodyless(asked, status) }
  // What a service inside a machine says is its own affair, and so is readiness.
  if (!type.startsWith('application/problem+json'))
    return { code: undefined, faults: [`${status} as ${type}: ${body.slice(0, 200)}`] }
  const problem = JSON.parse(body) as { code: ErrorCode; status: number }
  const faults = misfits(problem, { $ref: '#/Problem' }, named)
  const due = errorStatus[problem.code]
  if (due === undefined) faults.push(`unknown code ${problem.code}`)
  else if (status !== problem.status || (status !== due && !ofHttp.includes(status)))
    faults.push(`${problem.code} under ${status}`)
  if (status >= 500 && !mayFail && !gateway.includes(problem.code)) faults.push(`${status} ${body.slice(0, 300)}`)
  if (status === 503 && answer.headers['retry-after'] === undefined) faults.push('503 without Retry-After')
  if (/\bat \S+:\d+:\d+|node_modules/.test(body)) faults.push('a stack trace')
  return { code: problem.code, faults }
}

function successFaults(
  operation: Operation | undefined,
  { method, bytes }: Asked,
  { status, type, body }: Answered,
  named: Schemas,
): string[] {
  if (operation === undefined || bytes !== undefined || method !== operation.method || status === 304 || status === 101) return []
  const described = operation.answers[String(status)]
  const schema = described?.content?.['application/json']?.schema
  const isDescribed = Object.keys(operation.answers).some((one) => one !== 'default')
  if (!isDescribed) return []
  if (described === undefined) return [`${status} is not described`]
  if (schema === undefined || status === 204) return body === '' ? [] : [`${status} with a body`]
  if (!type.startsWith('application/json')) return [`${status} as ${type}`]
  return misfits(JSON.parse(body), schema, named).slice(0, 5)
}

function bodyless({ method, bytes }: Asked, status: number): string[] {
  // A connection that is cut off while we write may lose the end of its answer.
  return method === 'HEAD' || bytes !== undefined || ofHttp.includes(status) ? [] : [`${status} without a problem`]
}
