import type { Problem } from '@hearth/protocol'

/** The server refused or could not do what was asked. Compare `code`, never messages. */
export class HearthApiError extends Error {
  /** Stable; docs/reference/errors.md lists them all. */
  readonly code: Problem['code']
  /** The HTTP status it travelled under. */
  readonly status: number
  /** What can be done next; one sentence. */
  readonly hint: string | undefined
  /** Further facts for programs: the field, the allowed values, a log tail. */
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(problem: Problem) {
    super(problem.detail)
    this.name = 'HearthApiError'
    this.code = problem.code
    this.status = problem.status
    this.hint = problem.hint
    this.details = problem.details
  }
}

/** There was no answer, or one that does not come from a Hearth server; `cause` says more. */
export class HearthConnectionError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'HearthConnectionError'
  }
}

/** The problem in an answer's body, when it is one (RFC 9457 with our `code`). */
export function asProblem(body: unknown): Problem | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const { code, status, detail } = body as Partial<Problem>
  const isProblem = typeof code === 'string' && typeof status === 'number' && typeof detail === 'string'
  return isProblem ? (body as Problem) : undefined
}
