import type { Cancellable, Machine, Page, Snapshot, SnapshotKind, SnapshotState } from '@hearth/model'
import type { OnceOptions } from '../idempotency/once.ts'
import type { LaunchRequest } from '../launch/launch-request.ts'

/** What a snapshot is given by the one who asks for it. */
export interface SnapshotMarks {
  /** 1 to 128 characters. */
  readonly tag?: string
  readonly labels?: Readonly<Record<string, string>>
  /** From its creation on; 0: for ever; 14 days when absent. At most ten years. */
  readonly ttlMs?: number
  /** The cleaner leaves it alone. */
  readonly pinned?: boolean
}

export interface SnapshotOptions extends SnapshotMarks, OnceOptions {}

/** A snapshot that is being made. */
export interface SnapshotBegun {
  /** Its row, `creating`. */
  readonly snapshot: Snapshot
  /** Settles when it is ready, or rejects with why it is not. Nobody has to wait for it. */
  readonly done: Promise<Snapshot>
}

/** Which snapshots to list; every given field must agree. */
export interface SnapshotQuery {
  /** Machine id, or the name of a live machine. */
  readonly machine?: string
  /** `NAME` (all versions) or `NAME@VERSION`. */
  readonly template?: string
  readonly tag?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly states?: readonly SnapshotState[]
  readonly kinds?: readonly SnapshotKind[]
  /** A snapshot's id. */
  readonly parent?: string
  readonly pinned?: boolean
  /** Milliseconds since the epoch; from here on. */
  readonly createdAfter?: number
  /** Milliseconds since the epoch; before that. */
  readonly createdBefore?: number
  /** 1 to 1000; 100 when absent. */
  readonly limit?: number
  readonly cursor?: string
}

/** What a `list` may ask. */
export type SnapshotFilter = Omit<SnapshotQuery, 'limit' | 'cursor'>

/** What is changed; what is absent stays. `null` takes the tag away. */
export interface SnapshotChange {
  readonly tag?: string | null
  /** Replaces all of them. */
  readonly labels?: Readonly<Record<string, string>>
  readonly ttlMs?: number
  readonly pinned?: boolean
}

/** Absent tag and labels are the source's; an absent TTL is the usual one, counted from now. */
export interface SnapshotCopy extends SnapshotOptions {
  /** The source's when absent. */
  readonly namespace?: string
}

/** What a verification found; a damaged snapshot is quarantined. */
export interface VerifyOutcome {
  readonly ok: boolean
  readonly snapshot: Snapshot
  /** What is damaged. */
  readonly detail?: string
}

export interface RestoreOptions extends OnceOptions {
  /** Restores it although its time is over. */
  readonly force?: boolean
}

/** A machine, and whether it has the content of the snapshot that was asked for. */
export interface RestoreOutcome {
  readonly machine: Machine
  /** False: it is a fresh machine of the same template and launch config. */
  readonly restoredFromSnapshot: boolean
  readonly ttlExpired: boolean
}

/** A snapshot and what was made from it, oldest first. */
export interface SnapshotNode {
  readonly snapshot: Snapshot
  readonly children: readonly SnapshotNode[]
}

/** Where a snapshot comes from and what came of it. */
export interface SnapshotLineage {
  /** The one that was asked for. */
  readonly id: Snapshot['id']
  /** Its first ancestor, usually the template's snapshot; on the way down only the line that leads to it, then all that follows from it. */
  readonly root: SnapshotNode
  /** Not all descendants are shown: there are too many. */
  readonly truncated: boolean
}

export interface EngineSnapshots {
  /**
   * Freezes a running machine at one moment; the machine goes on. The guest is quiesced first; when that does not work
   * the snapshot is made all the same and labelled `crash-consistent` (refused when the machine holds secrets).
   * @throws HearthError `machine_not_found`, `machine_not_running`, `namespace_not_found`, `limit_reached`, `driver_*`, `cancelled`
   */
  create(machine: string, options?: SnapshotOptions): Promise<Snapshot>
  /**
   * As `create`, but resolves as soon as the row is written. Refusals (no such machine, not running, limit reached) come at once.
   * @throws HearthError `machine_not_found`, `machine_not_running`, `namespace_not_found`, `limit_reached`, `store_conflict`
   */
  begin(machine: string, options?: SnapshotOptions): Promise<SnapshotBegun>
  /** The newest thousand that fit, newest first. */
  list(filter?: SnapshotFilter): Promise<Snapshot[]>
  /** Newest first. @throws HearthError `invalid_input`, `machine_not_found` */
  page(query: SnapshotQuery): Promise<Page<Snapshot>>
  /** By id. @throws HearthError `snapshot_not_found` */
  show(snapshot: string): Promise<Snapshot>
  /** With `ifRev` only when nobody else changed it. @throws HearthError `snapshot_not_found`, `precondition_failed`, `invalid_input` */
  change(snapshot: string, change: SnapshotChange, options?: { readonly ifRev?: number }): Promise<Snapshot>
  /**
   * A snapshot of its own with the same content, counted in the limits of the namespace it goes to; either can be removed without the other.
   * @throws HearthError `snapshot_not_found`, `snapshot_not_ready`, `namespace_not_found`, `limit_reached`, `wrong_host`, `driver_*`
   */
  copy(snapshot: string, request?: SnapshotCopy): Promise<Snapshot>
  /** @throws HearthError `snapshot_not_found` */
  tree(snapshot: string): Promise<SnapshotLineage>
  /**
   * A machine of its own from the frozen moment; `boot` is `restored` unless asked otherwise. When the snapshot's time is over
   * and nobody forces it: a fresh machine with the source's launch config, whose boot report says `snapshot_expired`.
   * @throws HearthError `snapshot_not_found`, `snapshot_not_ready`, and whatever a launch throws
   */
  restore(
    snapshot: string,
    request: Omit<LaunchRequest, 'template' | 'snapshot'>,
    options?: RestoreOptions,
  ): Promise<RestoreOutcome>
  /** Reads every byte again. @throws HearthError `snapshot_not_found`, `snapshot_not_ready` */
  verify(snapshot: string, options?: Cancellable): Promise<VerifyOutcome>
  /**
   * @throws HearthError `snapshot_in_use` while clones of it live (unless `force`, which ends them) or another snapshot builds on it
   */
  remove(snapshot: string, options?: { readonly force?: boolean }): Promise<void>
}
