import type { InMemoryGuestDouble } from '@hearth/protocol'

/** A guest as it was at one moment; nothing changes it any more. */
export interface FrozenGuest {
  readonly guest: InMemoryGuestDouble
  readonly atMs: number
}
