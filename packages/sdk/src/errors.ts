import type { Problem } from './resources.ts'

/**
 * Every code a refusal can have; docs/reference/errors.md explains each.
 *
 * ```ts
 * const worthWaiting: readonly ErrorCode[] = ['driver_busy', 'limit_reached']
 * assert.ok(worthWaiting.includes('driver_busy'))
 * ```
 */
export type ErrorCode = Problem['code']

/** What came with a failure beside its body. */
interface Circumstances {
  readonly requestId?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/**
 * The server refused or could not do what was asked. Compare `code`, never messages.
 *
 * ```ts
 * try {
 *   await hearth.machines.get('nobody')
 * } catch (error) {
 *   if (!(error instanceof HearthApiError)) throw error
 *   assert.equal(error.code, 'machine_not_found')
 *   assert.equal(error.status, 404)
 * }
 * ```
 */
export class HearthApiError extends Error {
  /** Stable; docs/reference/errors.md lists them all. */
  readonly code: ErrorCode
  /** The HTTP status it travelled under. */
  readonly status: number
  /** What can be done next; one sentence. */
  readonly hint: string | undefined
  /** Further facts for programs: the field, the allowed values, a log tail. */
  readonly details: Readonly<Record<string, unknown>> | undefined
  /** By which the server's log knows the request. */
  readonly requestId: string | undefined
  /** The server asked to be left alone for so long. */
  readonly retryAfterMs: number | undefined

  constructor(problem: Problem, { requestId, retryAfterMs }: Circumstances = {}) {
    super(problem.detail)
    this.name = 'HearthApiError'
    this.code = problem.code
    this.status = problem.status
    this.hint = problem.hint
    this.details = problem.details
    this.requestId = requestId
    this.retryAfterMs = retryAfterMs
  }
}

/**
 * There was no answer, or one that does not come from a Hearth server; `cause` says more.
 *
 * ```ts
 * const nobody = new Hearth({ baseUrl: 'http://127.0.0.1:9', maxRetries: 0 })
 * await assert.rejects(nobody.system.get(), (error) => error instanceof HearthConnectionError)
 * ```
 */
export class HearthConnectionError extends Error {
  /** By which the server's log knows the request, when there was an answer. */
  readonly requestId: string | undefined
  readonly retryAfterMs: number | undefined
  /** Whether the same again may find the server well. */
  readonly mayPass: boolean

  constructor(message: string, options: Circumstances & { readonly cause?: unknown; readonly mayPass?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HearthConnectionError'
    this.requestId = options.requestId
    this.retryAfterMs = options.retryAfterMs
    this.mayPass = options.mayPass ?? false
  }
}

/**
 * Whether `error` is a refusal of the server, of one of `codes` when any are given.
 *
 * ```ts
 * const error = await hearth.machines.get('nobody').catch((reason: unknown) => reason)
 * assert.ok(isHearthError(error, 'machine_not_found', 'namespace_not_found'))
 * assert.ok(!isHearthError(error, 'snapshot_in_use'))
 * ```
 */
export function isHearthError(error: unknown, ...codes: ErrorCode[]): error is HearthApiError {
  return error instanceof HearthApiError && (codes.length === 0 || codes.includes(error.code))
}

/** The problem in an answer's body, when it is one (RFC 9457 with our `code`). */
export function asProblem(body: unknown): Problem | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { code, status, detail } = body as Partial<Problem>
  const isProblem = typeof code === 'string' && typeof status === 'number' && typeof detail === 'string'
  return isProblem ? (body as Problem) : undefined
}
