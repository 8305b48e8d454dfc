import { type ErrorCode, errorStatus, HearthError, isHearthError, type Log, messageOf } from '@hearth/model'
import { type Problem, problemContentType } from '@hearth/protocol'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'

/** When a client should try again that was told 503, or that a pool is empty, in milliseconds. */
const unavailableMs = 1000
/** Why a pool has nothing to give now, and will have soon. */
const passingReasons: readonly unknown[] = ['pool_empty', 'pool_not_ready']

/** The title of every code: the same words each time. */
export const problemTitles = {
  invalid_input: 'Something in the request is not allowed',
  unauthenticated: 'A valid key is needed',
  forbidden: 'The key may not do this',
  limit_reached: 'A limit is reached',
  not_found: 'There is nothing here',
  namespace_not_found: 'There is no such namespace',
  pool_not_found: 'There is no such pool',
  key_not_found: 'There is no such key',
  template_not_found: 'There is no such template',
  machine_not_found: 'There is no such machine',
  snapshot_not_found: 'There is no such snapshot',
  name_taken: 'The name is taken',
  namespace_in_use: 'The namespace is in use',
  idempotency_in_progress: 'The first request is still being answered',
  wrong_host: 'It belongs to another host',
  precondition_failed: 'It is not as you have seen it any more',
  payload_too_large: 'The body is too large',
  idempotency_mismatch: 'The idempotency key was used for something else',
  rate_limited: 'Too many requests',
  state_conflict: 'Not possible in its present state',
  machine_not_running: 'The machine is not running',
  snapshot_not_ready: 'The snapshot is not ready',
  snapshot_in_use: 'The snapshot is in use',
  template_in_use: 'The template is in use',
  boot_method_unavailable: 'The demanded boot method cannot be had',
  build_failed: 'The template could not be built',
  ready_check_failed: 'The ready check did not pass',
  cancelled: 'Cancelled',
  internal: 'Something went wrong inside the server',
  personalise_failed: 'The machine could not be given its own identity',
  guest_unreachable: 'The guest agent does not answer',
  guest_protocol: 'The guest agent answered nonsense',
  guest_error: 'The guest agent refused',
  driver_not_found: 'The driver does not know it',
  driver_busy: 'The driver is busy',
  driver_incompatible: 'This host cannot run it',
  driver_corrupt: 'A file is damaged',
  driver_misconfigured: 'The driver cannot do what is asked',
  driver_unavailable: 'The driver is not usable now',
  driver_timeout: 'The driver took too long',
  store_conflict: 'It was changed at the same time',
  store_unavailable: 'The database does not answer',
  host_unavailable: 'The server of that host does not answer',
} as const satisfies Record<ErrorCode, string>

/** Any error as problem details (RFC 9457). What is no HearthError becomes `internal`. */
export function problemOf(error: unknown): Problem {
  const known = isHearthError(error) ? error : new HearthError('internal', messageOf(error))
  return {
    type: `urn:hearth:error:${known.code}`,
    title: problemTitles[known.code],
    status: errorStatus[known.code],
    code: known.code,
    detail: known.message,
    ...(known.hint !== undefined && { hint: known.hint }),
    ...(known.details !== undefined && { details: { ...known.details } }),
  }
}

/** Answers an error; what is our own fault is logged with its cause. */
export function answerProblem(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem: Problem = { ...problemOf(wrongRequest(error) ?? error), requestId: request.id }
  const retryAfterMs = retryAfterMsOf(problem)
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000))
  if (problem.code === 'internal') {
    const stack = error instanceof Error ? error.stack : undefined
    const { method, routeOptions, id } = request
    log.error('http.failed', { method, route: routeOptions.url, requestId: id, error: problem.detail, stack })
  }
  return reply.code(problem.status).type(problemContentType).send(JSON.stringify(problem))
}

/** When a client should try again; `undefined` where that would change nothing. */
function retryAfterMsOf({ status, details }: Problem): number | undefined {
  const { retryAfterMs, reasons } = details ?? {}
  if (typeof retryAfterMs === 'number') return retryAfterMs
  const passing = Array.isArray(reasons) && passingReasons.includes((reasons as { readonly code?: unknown }[]).at(-1)?.code)
  return status === 503 || passing ? unavailableMs : undefined
}

/** What the web framework itself refuses: a body that is not JSON, too long, of another type. */
function wrongRequest(error: unknown): HearthError | undefined {
  const { code, statusCode, message } = error as Partial<FastifyError>
  // What Node says of a body that ends before its length: nobody reads the answer, and it is no fault of ours.
  if (code === 'ECONNRESET' && message === 'aborted')
    return new HearthError('cancelled', 'the client went away', { cause: error })
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new HearthError('payload_too_large', 'the body is too large: 1 MiB is allowed', {
      hint: 'Write larger files with PUT …/files, which takes any length.',
      cause: error,
    })
  }
  if (typeof code !== 'string' || !code.startsWith('FST_') || statusCode === undefined || statusCode >= 500) return undefined
  return new HearthError('invalid_input', messageOf(error), { cause: error })
}
