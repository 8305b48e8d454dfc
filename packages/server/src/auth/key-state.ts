import type { AccessKey } from '@hearth/model'

/** `rotated`: another has taken its place, and it is good for a while yet. */
export type KeyState = 'valid' | 'rotated' | 'expired' | 'revoked'

/** What a key is at `nowMs`. A revocation in the future is the grace that a rotation gives. */
export function keyState(key: AccessKey, nowMs: number): KeyState {
  if (key.revokedAt !== undefined && key.revokedAt <= nowMs) return 'revoked'
  if (key.expiresAt !== undefined && key.expiresAt <= nowMs) return 'expired'
  return key.rotatedTo === undefined ? 'valid' : 'rotated'
}

/** Whether a key opens anything at `nowMs`. */
export function isGood(key: AccessKey, nowMs: number): boolean {
  const state = keyState(key, nowMs)
  return state === 'valid' || state === 'rotated'
}
