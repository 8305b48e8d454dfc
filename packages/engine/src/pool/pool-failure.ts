import type { MachineId } from '@hearth/model'

/** What last went wrong with a machine of a pool. */
export interface PoolFailure {
  readonly at: number
  /** `make`: it never became ready. `wait`: it ended while it was waiting. `claim`: it failed whoever was to have it. */
  readonly stage: 'make' | 'wait' | 'claim'
  readonly machine?: MachineId
  readonly reason: string
}
