import { HearthError, isHearthError, messageOf } from '@hearth/model'

const refusals = [
  'invalid',
  'unsupported',
  'unauthorized',
  'not_found',
  'exists',
  'denied',
  'limit',
  'io',
  'busy',
  'not_directory',
  'is_directory',
  'not_empty',
  'no_space',
  'bad_state',
  'refused',
  'frozen',
] as const

/** Why the guest agent refused; in `details.reason` of a `guest_error`. Numbers this host does not know are `other`. */
export type GuestRefusal = (typeof refusals)[number] | 'other'

/** The number of a refusal on the wire. */
export function refusalNumber(reason: Exclude<GuestRefusal, 'other'>): number {
  return refusals.indexOf(reason) + 1
}

/** The guest agent refused `what`, with its own words. */
export function guestRefused(what: string, number: number, text: string): HearthError {
  const reason: GuestRefusal = refusals[number - 1] ?? 'other'
  const said = printable(text)
  return new HearthError('guest_error', `${what}: ${said === '' ? reason : said}`, { details: { reason, number } })
}

/** The reason in a `guest_error`, else undefined. */
export function refusalOf(error: unknown): GuestRefusal | undefined {
  if (!isHearthError(error, 'guest_error')) return undefined
  return error.details?.reason as GuestRefusal | undefined
}

/** The guest said something that the protocol does not allow. */
export function guestProtocol(what: string, cause?: unknown): HearthError {
  const message = cause === undefined ? what : `${what}: ${messageOf(cause)}`
  return new HearthError('guest_protocol', `the guest agent broke the protocol: ${message}`, { cause })
}

/** Nobody answers, or no more. */
export function guestUnreachable(what: string, cause?: unknown): HearthError {
  const message = cause === undefined ? what : `${what}: ${messageOf(cause)}`
  return new HearthError('guest_unreachable', message, { cause })
}

/** What an aborted signal becomes: the deadline passed, or somebody cancelled. */
export function abortedBy(signal: AbortSignal, what: string): HearthError {
  const reason: unknown = signal.reason
  if (reason instanceof HearthError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') return guestUnreachable(`${what}: no answer before the deadline`)
  return new HearthError('cancelled', `${what} was cancelled`, { cause: reason })
}

/** The guest's words go to terminals and logs: control characters do not. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]+/gu, ' ').trim()
}
