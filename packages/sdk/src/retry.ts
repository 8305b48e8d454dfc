import { HearthApiError, HearthConnectionError } from './errors.ts'

/** How often, and after which pauses, a request is tried again. */
export interface RetryPolicy {
  /** 0: never. */
  readonly maxRetries: number
  /** The pause doubles from the first… */
  readonly firstPauseMs: number
  /** …up to this. Whoever asks for a longer one with `Retry-After` is not asked again. */
  readonly longestPauseMs: number
}

export const defaultRetries: RetryPolicy = { maxRetries: 3, firstPauseMs: 200, longestPauseMs: 20_000 }

/** Refusals that pass: too many requests, a driver or a database that is busy, the first try that is still being answered. */
const passing: ReadonlySet<string> = new Set(['rate_limited', 'driver_busy', 'store_unavailable', 'idempotency_in_progress'])

/**
 * How long to wait before try `attempt` + 1 (the first is 1), or nothing when `error` will not pass.
 * Between half of the pause and all of it, so that many clients do not come back in one moment.
 */
export function pauseBeforeRetry(error: unknown, attempt: number, policy: RetryPolicy, random: number): number | undefined {
  if (attempt > policy.maxRetries || !mayPass(error)) return undefined
  const asked = retryAfterOf(error)
  if (asked !== undefined) return asked <= policy.longestPauseMs ? asked : undefined
  const pauseMs = Math.min(policy.firstPauseMs * 2 ** (attempt - 1), policy.longestPauseMs)
  return pauseMs * (0.5 + random / 2)
}

function mayPass(error: unknown): boolean {
  if (error instanceof HearthConnectionError) return error.mayPass
  return error instanceof HearthApiError && (passing.has(error.code) || error.retryAfterMs !== undefined)
}

function retryAfterOf(error: unknown): number | undefined {
  return error instanceof HearthApiError || error instanceof HearthConnectionError ? error.retryAfterMs : undefined
}

/** `Retry-After` (RFC 9110, section 10.2.3) in milliseconds: seconds, or a date. */
export function parseRetryAfter(text: string | null, now: number): number | undefined {
  if (text === null || text.trim() === '') return undefined
  if (/^\d{1,6}$/.test(text.trim())) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
