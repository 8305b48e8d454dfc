import type { Cancellable, Machine, Snapshot } from '@hearth/model'
import type { LaunchRequest } from '../launch/launch-request.ts'

/** Which snapshots to list; all of them when empty. */
export interface SnapshotFilter {
  /** Machine id or name of a live machine. */
  readonly machine?: string
  /** `NAME` (all versions) or `NAME@VERSION`. */
  readonly template?: string
}

/** What a verification found; a damaged snapshot is quarantined. */
export interface VerifyOutcome {
  readonly ok: boolean
  readonly snapshot: Snapshot
  /** What is damaged. */
  readonly detail?: string
}

export interface EngineSnapshots {
  /**
   * Freezes a running machine at one moment; the machine goes on. The guest is quiesced first; when that does not work
   * the snapshot is made all the same and labelled `crash-consistent` (refused when the machine holds secrets).
   * @throws HearthError `machine_not_found`, `machine_not_running`, `driver_*`, `cancelled`
   */
  create(machine: string, options?: Cancellable & { readonly tag?: string }): Promise<Snapshot>
  /** Newest first. */
  list(filter?: SnapshotFilter): Promise<Snapshot[]>
  /** By id. @throws HearthError `snapshot_not_found` */
  show(snapshot: string): Promise<Snapshot>
  /** A machine of its own from the frozen moment; `boot` is `restored` unless asked otherwise. */
  restore(snapshot: string, request: Omit<LaunchRequest, 'template' | 'snapshot'>, options?: Cancellable): Promise<Machine>
  /** Reads every byte again. @throws HearthError `snapshot_not_found`, `snapshot_not_ready` */
  verify(snapshot: string, options?: Cancellable): Promise<VerifyOutcome>
  /**
   * @throws HearthError `snapshot_in_use` while clones of it live (unless `force`, which ends them) or another snapshot builds on it
   */
  remove(snapshot: string, options?: { readonly force?: boolean }): Promise<void>
}
