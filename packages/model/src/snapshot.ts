import type { LaunchConfig } from './machine.ts'
import type { MachineId, Name, SnapshotId, TemplateRef } from './names.ts'
import type { Resources } from './template.ts'

/** creating ──▶ ready ──▶ deleting, or failed with a reason. `quarantined`: a restore proved it damaged. */
export type SnapshotState = 'creating' | 'ready' | 'failed' | 'quarantined' | 'deleting'

export const snapshotTransitions = {
  creating: ['ready', 'failed', 'deleting'],
  ready: ['quarantined', 'deleting'],
  failed: ['deleting'],
  quarantined: ['deleting'],
  deleting: [],
} as const satisfies Record<SnapshotState, readonly SnapshotState[]>

/** One file of a snapshot. */
export interface Artifact {
  readonly name: string
  readonly sizeBytes: number
  /** Lower-case hex. */
  readonly sha256: string
}

/** How trustworthy the frozen moment is. */
export interface QuiesceResult {
  readonly result: 'quiesced' | 'failed' | 'not_applicable'
  readonly detail?: string
  readonly tookMs: number
}

/** What must agree between the host that made a snapshot and the one that restores it. */
export interface Compatibility {
  readonly hardwareProfile: string
  readonly vmm: string
  readonly vmmVersion: string
  readonly machineType: string
  readonly cpuModel: string
  readonly cpuFeatures: readonly string[]
  readonly accelerator: string
  readonly guestKernel: string
  readonly guestProtocol: number
}

export type SnapshotQuality = 'memory+disk' | 'disk' | 'crash-consistent'

/** `template`: what launches of a template restore. `user`: asked for. `fork`: kept only while its clones live. */
export type SnapshotKind = 'template' | 'user' | 'fork'

/** Everything about a snapshot, as stored beside its files. Holds no secret. */
export interface SnapshotManifest {
  readonly id: SnapshotId
  readonly kind: SnapshotKind
  readonly template: TemplateRef
  readonly parent?: SnapshotId
  readonly source: MachineId
  readonly driver: string
  readonly artifacts: readonly Artifact[]
  readonly quality: SnapshotQuality
  readonly quiesce: QuiesceResult
  readonly compatibility: Compatibility
  readonly resources: Resources
  readonly config: LaunchConfig
  readonly createdAt: number
  /** How long the source stood still. */
  readonly pauseMs: number
  /** Driver's own facts: disk and memory layers. */
  readonly layers: SnapshotLayers
}

export interface SnapshotLayers {
  /** File names from the oldest to the newest. */
  readonly disk: readonly string[]
  readonly memory: {
    readonly file: string
    /** The snapshot whose memory is the base of this one; absent when the file stands alone. */
    readonly base?: SnapshotId
    /** Indices of the 64 KiB blocks that differ from the base. */
    readonly changedBlocks?: readonly number[]
  }
  /** The kind of network back end whose state is frozen in; a clone must have the same. */
  readonly network?: string
}

export interface Snapshot {
  readonly id: SnapshotId
  /** Template snapshots belong to `default`. */
  readonly namespace: Name
  readonly host: string
  readonly kind: SnapshotKind
  readonly state: SnapshotState
  readonly failure?: string
  readonly template: TemplateRef
  readonly source: MachineId
  readonly parent?: SnapshotId
  readonly tag?: string
  readonly labels: Readonly<Record<string, string>>
  /** Counted from `createdAt`; 0: never expires. */
  readonly ttlMs: number
  /** Never removed by the cleaner. */
  readonly pinned: boolean
  /** What its files take, shared ones included; known when it is ready. */
  readonly sizeBytes?: number
  /** When its files were last read again and found whole. */
  readonly verifiedAt?: number
  readonly manifest?: SnapshotManifest
  readonly createdAt: number
  readonly rev: number
}

/** How long a user snapshot is kept when nobody says otherwise: 14 days. */
export const defaultSnapshotTtlMs = 14 * 86_400_000

/** Whether its time is over; 0 means never. */
export function isExpired(snapshot: Pick<Snapshot, 'createdAt' | 'ttlMs'>, now: number): boolean {
  return snapshot.ttlMs > 0 && now - snapshot.createdAt >= snapshot.ttlMs
}
