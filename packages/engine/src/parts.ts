import {
  type AssignRequest,
  type Clock,
  type EngineMeter,
  type GuestHello,
  type IdentifyRequest,
  type Log,
  type MachineDriver,
  type OpenGuest,
  type PassFailpoint,
  type PoolSettings,
  poolDefaults,
  poolLimits,
  type RandomBytes,
  type ReceiptItem,
  type StateStore,
} from '@hearth/model'
import type { CustomValidators } from './pool/validate-entry.ts'

/** A host key as the guest is given it, in OpenSSH's file formats. */
export type SshHostKey = IdentifyRequest['sshHostKeys'][number]

/** Checks what a guest answered against what it was told; throws `personalise_failed` naming the item. */
export interface ReceiptVerifier {
  identify(request: IdentifyRequest, items: readonly ReceiptItem[], hello: GuestHello): void
  assign(request: AssignRequest, items: readonly ReceiptItem[], hello: GuestHello): void
}

export interface EngineOptions {
  /** Clones of one fork, or restores, that are made at the same time. */
  readonly forkConcurrency: number
  /** How long a guest may stand still for a snapshot before it thaws itself. */
  readonly quiesceDeadlineMs: number
  /** For restore, connect and personalise together. */
  readonly restoreDeadlineMs: number
  /** For boot until the guest agent answers. */
  readonly bootDeadlineMs: number
  /** Ended machines' rows are forgotten after this. */
  readonly endedRowsKeptMs: number
  readonly eventsKeptMs: number
  readonly auditKeptMs: number
  readonly idempotencyKeptMs: number
  /** Rows of snapshots that failed. */
  readonly failedSnapshotsKeptMs: number
  /** From the end of one comparison of rows and hosts to the next; 0: only at start and when asked. */
  readonly reconcileIntervalMs: number
  /** From the end of one run of the cleaner to the next; 0: only when asked. */
  readonly cleanerIntervalMs: number
  /** A snapshot whose files were not read for so long is verified in the background; 0: never. */
  readonly scrubAfterMs: number
  /** Between two snapshots that are verified in the background. */
  readonly scrubPauseMs: number
  /** How often leases of pools are prolonged and looked for; 0: only when a pool is set. */
  readonly poolTendIntervalMs: number
  /** How long a server counts as the holder of a pool after it was last heard of. */
  readonly poolLeaseMs: number
  /** Largest `max` that a pool may have. */
  readonly largestPool: number
  /** What a new pool has where it says nothing. */
  readonly poolDefaults: PoolSettings
  /** How long ready machines of pools are ended for when the engine closes; the rest is found by the next start. */
  readonly drainBudgetMs: number
  /** What live machines and pool entries of this host may come to need together; absent: no bound. */
  readonly hostMemoryMiB?: number
  /** `off` is the negative control of the freshness tests: restored machines keep the identity of their source. */
  readonly personalise: 'on' | 'off'
}

const dayMs = 86_400_000

export const defaultEngineOptions: EngineOptions = {
  forkConcurrency: 4,
  quiesceDeadlineMs: 10_000,
  restoreDeadlineMs: 60_000,
  bootDeadlineMs: 180_000,
  reconcileIntervalMs: 60_000,
  endedRowsKeptMs: 7 * dayMs,
  eventsKeptMs: 7 * dayMs,
  auditKeptMs: 90 * dayMs,
  idempotencyKeptMs: dayMs,
  failedSnapshotsKeptMs: 7 * dayMs,
  cleanerIntervalMs: 3_600_000,
  scrubAfterMs: 7 * dayMs,
  scrubPauseMs: 60_000,
  poolTendIntervalMs: 5_000,
  poolLeaseMs: 15_000,
  largestPool: poolLimits.size.max,
  poolDefaults,
  drainBudgetMs: 5_000,
  personalise: 'on',
}

/** Everything the engine is given; it makes none of this itself. */
export interface EngineParts {
  /** The first makes new templates; the others serve what they made earlier. */
  readonly drivers: readonly MachineDriver[]
  readonly store: StateStore
  /** Which home this is: rows of other hosts in a shared store are left alone. */
  readonly host: string
  readonly openGuest: OpenGuest
  readonly receipts: ReceiptVerifier
  readonly newSshHostKey: () => SshHostKey
  readonly clock: Clock
  readonly random: RandomBytes
  readonly log: Log
  /** Default: measures nothing. */
  readonly meter?: EngineMeter
  /** Default: does nothing. */
  readonly failpoint?: PassFailpoint
  /** Validators of pools that the embedding program brings, by name. */
  readonly validators?: CustomValidators
  readonly options?: Partial<EngineOptions>
}
