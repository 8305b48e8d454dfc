import type { MachineId, Name, SnapshotId, TemplateRef } from './names.ts'
import type { Receipt } from './receipt.ts'
import type { Egress, Resources } from './template.ts'

/**
 *   starting ──▶ running ◀──▶ paused
 *       │           │           │
 *       ▼           ▼           ▼
 *    failed      stopping ──▶ stopped        lost: its process is gone and nobody asked for that
 */
export type MachineState = 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'failed' | 'lost'

export const machineTransitions = {
  starting: ['running', 'failed', 'stopping', 'lost'],
  running: ['paused', 'stopping', 'lost'],
  paused: ['running', 'stopping', 'lost'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: ['stopping'],
  lost: ['stopping'],
} as const satisfies Record<MachineState, readonly MachineState[]>

/** The states in which a machine has, or may have, something on the host. */
export const liveMachineStates = ['starting', 'running', 'paused', 'stopping'] as const satisfies readonly MachineState[]

/** How a launch was served. */
export type BootMethod = 'warm' | 'restored' | 'cold'

/** Why a warmer way was not taken. */
export const bootReasons = [
  'pool_empty',
  'pool_unregistered',
  'entry_unhealthy',
  'personalise_failed',
  'snapshot_stale',
  'snapshot_incompatible',
  'snapshot_corrupt',
  'snapshot_missing',
  'snapshot_expired',
  'pool_not_ready',
  'host_memory',
  'driver_unavailable',
  'requested',
] as const
export type BootReason = (typeof bootReasons)[number]

/** Says how a launch was served, why not better, and where the time went. */
export interface BootReport {
  readonly method: BootMethod
  readonly reasons: readonly { readonly code: BootReason; readonly detail: string }[]
  /** Phase name to milliseconds, in the order they ran. */
  readonly phasesMs: Readonly<Record<string, number>>
  readonly totalMs: number
  readonly snapshotId?: SnapshotId
  readonly poolHit: boolean
}

/** A file put into the machine at hand-over. `mode` is octal permission bits. */
export interface InjectedFile {
  readonly path: string
  readonly content: Uint8Array
  readonly mode: number
}

/** What a launch may ask for beside the template; none of it costs the fast path. */
export interface LaunchConfig {
  readonly name?: Name
  readonly hostname?: string
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly egress: Egress
  /** How long it may live; absent: until it is ended. */
  readonly timeoutMs?: number
  /** What happens then; `destroy` when absent. */
  readonly onTimeout?: 'destroy' | 'pause'
}

/** What tells one clone from another on the wire. */
export interface NetworkIdentity {
  /** Lower-case, colon separated, locally administered. */
  readonly mac: string
  /** IPv4 address with prefix length, `10.77.3.15/24`. */
  readonly address: string
  readonly gateway: string
  readonly dns: string
}

export interface Machine {
  readonly id: MachineId
  readonly namespace: Name
  /** The Hearth home it lives in: servers that share a database each look after their own. */
  readonly host: string
  readonly name?: Name
  readonly state: MachineState
  readonly failure?: string
  readonly driver: string
  readonly template: TemplateRef
  readonly resources: Resources
  readonly config: LaunchConfig
  readonly network: NetworkIdentity
  /** 32 lower-case hex digits; the guest's /etc/machine-id. */
  readonly machineUuid: string
  readonly hostname: string
  readonly boot?: BootReport
  readonly receipt?: Receipt
  /** The snapshot whose files this machine maps, when it was restored. */
  readonly restoredFrom?: SnapshotId
  readonly createdAt: number
  /** When its time is over; moved by `extend`. */
  readonly deadlineAt?: number
  readonly endedAt?: number
  readonly rev: number
}
