import type { MachineId, SnapshotId, TemplateRef } from '@hearth/model'

/** What a look at rows and hosts found, and what was done about it. */
export interface ReconcileReport {
  /** Still running or paused, taken over; at start only. */
  readonly adopted: readonly MachineId[]
  /** Rows whose machine is gone. */
  readonly lost: readonly MachineId[]
  /** Half-made or half-ended machines that were ended. */
  readonly rolledBack: readonly MachineId[]
  /** Machines on a host that no row knows; destroyed. */
  readonly orphans: readonly MachineId[]
  /** Snapshots that were half made, half removed, missing or unknown. */
  readonly snapshots: readonly SnapshotId[]
  /** Templates whose build or removal was cut short, or that no row knows. */
  readonly templates: readonly TemplateRef[]
  /** Requests that were begun, had no effect, and may be made again. */
  readonly forgottenRequests: number
}
