import type { PoolSettings } from '@hearth/model'

/** What a pool has at one moment. */
export interface PoolLevel {
  readonly ready: number
  /** Being made now. */
  readonly making: number
  readonly settings: Pick<PoolSettings, 'min' | 'max'>
}

/**
 * How many entries to begin. Nothing while `min` are there or on their way; below that the pool is filled up to `max`,
 * so that a burst is paid for once. What is being made counts, so no two plans ever make more than `max` between them.
 */
export function entriesToBegin({ ready, making, settings }: PoolLevel): number {
  const coming = ready + making
  if (coming >= settings.min) return 0
  return settings.max - coming
}
