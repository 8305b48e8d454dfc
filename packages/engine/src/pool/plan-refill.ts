import type { Scale } from './autoscale/recommend.ts'

/** What a pool has at one moment. */
export interface PoolLevel {
  /** Ready, and with most of their time before them. */
  readonly fresh: number
  /** Ready, but soon too old. */
  readonly expiring: number
  /** Being made now. */
  readonly making: number
  readonly scale: Scale
}

/**
 * How many entries to begin. Nothing while `min` are there or on their way; below that the pool is filled up to `max`,
 * so that a burst is paid for once. What is being made counts, so no two plans ever make more than `max` between them. An entry
 * that is soon too old is replaced before it is: where there is no room, one at a time takes the place of another.
 */
export function entriesToBegin({ fresh, expiring, making, scale }: PoolLevel): number {
  if (fresh + making >= scale.min) return 0
  const room = scale.max - fresh - expiring - making
  if (room > 0) return room
  return expiring > 0 && making === 0 ? 1 : 0
}
