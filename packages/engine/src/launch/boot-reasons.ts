import { type BootReason, isHearthError, messageOf } from '@hearth/model'

export interface Reason {
  readonly code: BootReason
  readonly detail: string
}

/** Why a restore that failed is followed by a cold boot; `undefined` when it must not be (cancelled, name taken, a fault of ours). */
export function reasonFor(error: unknown): Reason | undefined {
  const detail = messageOf(error)
  if (isHearthError(error, 'driver_corrupt')) return { code: 'snapshot_corrupt', detail }
  if (isHearthError(error, 'driver_incompatible')) return { code: 'snapshot_incompatible', detail }
  if (isHearthError(error, 'driver_not_found')) return { code: 'snapshot_missing', detail }
  if (isHearthError(error, 'driver_unavailable', 'driver_timeout', 'driver_busy')) return { code: 'driver_unavailable', detail }
  if (isHearthError(error, 'personalise_failed', 'guest_unreachable', 'guest_protocol', 'guest_error')) {
    return { code: 'personalise_failed', detail }
  }
  return undefined
}
