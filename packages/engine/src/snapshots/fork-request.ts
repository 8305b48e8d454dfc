import type { HearthError, Machine, SnapshotId } from '@hearth/model'
import type { LaunchOptions } from '../launch/launch-request.ts'

/** `name` becomes `NAME-1`, `NAME-2`, …; clones do not get the source's secrets unless they are given anew. */
export interface ForkRequest extends Omit<LaunchOptions, 'hostname' | 'egress'> {
  /** 1 to 50. */
  readonly count: number
}

/** One clone, or why there is none. */
export type ForkOutcome = { readonly machine: Machine } | { readonly error: HearthError }

export interface ForkResult {
  /** The frozen moment; removed when the last clone has ended. */
  readonly snapshotId: SnapshotId
  readonly results: readonly ForkOutcome[]
}
