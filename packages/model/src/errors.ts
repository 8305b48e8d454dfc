/**
 * Every error a user can meet, by its stable code, with the HTTP status it travels under.
 * A retired code is never given out again. `docs/reference/errors.md` has an entry for each; a test holds both together.
 */
export const errorStatus = {
  invalid_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  limit_reached: 403,
  not_found: 404,
  namespace_not_found: 404,
  key_not_found: 404,
  pool_not_found: 404,
  template_not_found: 404,
  machine_not_found: 404,
  snapshot_not_found: 404,
  name_taken: 409,
  namespace_in_use: 409,
  idempotency_in_progress: 409,
  wrong_host: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  idempotency_mismatch: 422,
  rate_limited: 429,
  state_conflict: 409,
  machine_not_running: 409,
  snapshot_not_ready: 409,
  snapshot_in_use: 409,
  template_in_use: 409,
  boot_method_unavailable: 409,
  build_failed: 422,
  ready_check_failed: 422,
  cancelled: 499,
  internal: 500,
  personalise_failed: 502,
  guest_unreachable: 502,
  guest_protocol: 502,
  guest_error: 502,
  driver_not_found: 404,
  driver_busy: 503,
  driver_incompatible: 409,
  driver_corrupt: 409,
  driver_misconfigured: 422,
  driver_unavailable: 503,
  driver_timeout: 504,
  store_conflict: 409,
  store_unavailable: 503,
  host_unavailable: 503,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof errorStatus

export interface ErrorOptions {
  /** What the user can do next; one sentence. */
  readonly hint?: string
  readonly cause?: unknown
  /** Further facts for programs: the field, the allowed values, a log tail. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** The one error class that crosses package borders. Compare `code`, never messages. */
export class HearthError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HearthError'
    this.code = code
    this.hint = options.hint
    this.details = options.details
  }
}

/** Thrown at the edge for bad input; names the field, the value and what is allowed. */
export function invalidInput(field: string, value: unknown, allowed: string): HearthError {
  const shown = shorten(typeof value === 'string' ? JSON.stringify(value) : String(value))
  return new HearthError('invalid_input', `${field}: ${shown} is not allowed; ${allowed}`, { details: { field, allowed } })
}

/** The kinds of failure a driver may report (DESIGN section 4); `Busy` may be tried again. */
export type DriverErrorKind = 'NotFound' | 'Busy' | 'Incompatible' | 'Corrupt' | 'Misconfigured' | 'Unavailable' | 'Timeout'

const driverCodes = {
  NotFound: 'driver_not_found',
  Busy: 'driver_busy',
  Incompatible: 'driver_incompatible',
  Corrupt: 'driver_corrupt',
  Misconfigured: 'driver_misconfigured',
  Unavailable: 'driver_unavailable',
  Timeout: 'driver_timeout',
} as const satisfies Record<DriverErrorKind, ErrorCode>

/** A failure of a driver, with its kind. */
export function driverError(kind: DriverErrorKind, message: string, options: ErrorOptions = {}): HearthError {
  return new HearthError(driverCodes[kind], message, options)
}

/** The kind of a driver's failure; `undefined` for every other error. */
export function driverErrorKindOf(error: unknown): DriverErrorKind | undefined {
  if (!(error instanceof HearthError)) return undefined
  const kinds = Object.keys(driverCodes) as DriverErrorKind[]
  return kinds.find((kind) => driverCodes[kind] === error.code)
}

/** Whether `error` is a HearthError, of one of `codes` when any are given. */
export function isHearthError(error: unknown, ...codes: ErrorCode[]): error is HearthError {
  return error instanceof HearthError && (codes.length === 0 || codes.includes(error.code))
}

/** The text of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}
