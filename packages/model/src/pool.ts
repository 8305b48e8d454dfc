import type { NetworkIdentity } from './machine.ts'
import type { MachineId, Name, SnapshotId, TemplateRef } from './names.ts'
import type { ReceiptItem } from './receipt.ts'
import type { Resources } from './template.ts'

/** What must hold of an entry before it counts, and again when it is claimed. `guest`: the guest agent answers in time. */
export type PoolValidator =
  | { readonly kind: 'guest' }
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'http'; readonly port: number; readonly path: string; readonly status?: number }
  | { readonly kind: 'command'; readonly argv: readonly string[] }
  /** One that the embedding program brought, by its name. */
  | { readonly kind: 'custom'; readonly name: string }

/** Lets `min` and `max` follow the launches that were seen. */
export interface PoolAutoscale {
  /** The share of launches that the pool should serve; 0.5 to 0.999. */
  readonly targetHitRate: number
  /** Bounds of `min` and `max`, within what a pool's size may be. */
  readonly smallest: number
  readonly largest: number
}

export interface PoolSettings {
  /** Refill begins below this. */
  readonly min: number
  /** Most machines that are ready or being made; 0 < max ≤ 20 unless the server allows more. */
  readonly max: number
  readonly refillIntervalMs: number
  /** Older entries are replaced. */
  readonly entryMaxAgeMs: number
  /** An older template snapshot is made anew in the background, while the old one serves. */
  readonly snapshotMaxAgeMs: number
  /** Entries that are made at the same time. */
  readonly concurrency: number
  /** Most entries that are begun in a minute. */
  readonly startsPerMinute: number
  /** No entry made for so long although some are wanted: `not_progressing`. */
  readonly progressDeadlineMs: number
  readonly validators: readonly PoolValidator[]
  /** Filled from the first launch of its template on, not before. */
  readonly lazy: boolean
  /** Off when absent. While it is on, `min` and `max` are what the pool begins with. */
  readonly autoscale?: PoolAutoscale
}

/** `draining`: its entries go, no new ones come. */
export type PoolState = 'active' | 'draining'

/** `probation`: the new version serves, and is taken back when its entries keep failing. */
export type RolloutState = 'canary' | 'probation' | 'done' | 'rolled_back' | 'aborted'

/** A new template version on its way into a pool. */
export interface PoolRollout {
  readonly version: number
  /** What the pool was made of before, and is made of again when it is rolled back. */
  readonly from: number
  readonly state: RolloutState
  /** So many entries of the new version must be validated before it takes over. */
  readonly canaries: number
  readonly validated: number
  readonly failed: number
  readonly startedAt: number
  /** Not done by then: rolled back. */
  readonly deadlineAt: number
  /** How long it is on probation once it has taken over; 0: not at all. */
  readonly probationMs: number
  readonly probationUntil?: number
  readonly endedAt?: number
  readonly reason?: string
}

/** Machines of one template and size that are ready before anybody asks. */
export interface Pool {
  /** The template's name, unless another was chosen. */
  readonly name: Name
  readonly template: Name
  /** What new entries are made of. */
  readonly version: number
  readonly driver: string
  readonly resources: Resources
  readonly settings: PoolSettings
  readonly state: PoolState
  readonly rollout?: PoolRollout
  readonly createdAt: number
  readonly rev: number
}

/** `making` until it is validated, rehearsed and parked. */
export type PoolEntryState = 'making' | 'ready' | 'evicting'

/** One machine of a pool, not yet anybody's. A claim turns it into a machine of the same id; then its entry is gone. */
export interface PoolEntry {
  readonly id: MachineId
  readonly pool: Name
  readonly host: string
  readonly state: PoolEntryState
  readonly template: TemplateRef
  readonly driver: string
  readonly resources: Resources
  readonly snapshot: SnapshotId
  readonly canary: boolean
  readonly network: NetworkIdentity
  readonly machineUuid: string
  /** By which its guest agent knows the host; never shown. */
  readonly token: string
  /** The first part of its receipt. */
  readonly identified?: readonly ReceiptItem[]
  readonly createdAt: number
  readonly readyAt?: number
  readonly rev: number
}

export const poolDefaults: PoolSettings = {
  min: 1,
  max: 4,
  refillIntervalMs: 5_000,
  entryMaxAgeMs: 600_000,
  snapshotMaxAgeMs: 3_600_000,
  concurrency: 2,
  startsPerMinute: 600,
  progressDeadlineMs: 120_000,
  validators: [{ kind: 'guest' }],
  lazy: false,
}

/** What is allowed; sizes beyond 20 only where the server was told so. */
export const poolLimits = {
  size: { min: 1, max: 20 },
  refillIntervalMs: { min: 100, max: 3_600_000 },
  entryMaxAgeMs: { min: 1_000, max: 86_400_000 },
  snapshotMaxAgeMs: { min: 60_000, max: 86_400_000 },
  concurrency: { min: 1, max: 32 },
  startsPerMinute: { min: 1, max: 100_000 },
  progressDeadlineMs: { min: 1_000, max: 3_600_000 },
  canaries: { min: 1, max: 20 },
  probationMs: { min: 0, max: 86_400_000 },
  targetHitRate: { min: 0.5, max: 0.999 },
  validators: 8,
} as const
