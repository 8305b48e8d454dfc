import type {
  GuestConnection,
  LaunchConfig,
  MachineDriver,
  MachineId,
  Name,
  Resources,
  SnapshotId,
  SnapshotKind,
  SnapshotManifest,
  TemplateRef,
  ThawRequest,
} from '@hearth/model'

/** What is frozen, and as what. */
export interface SnapshotOrder {
  readonly kind: SnapshotKind
  readonly namespace: Name
  readonly driver: MachineDriver
  readonly source: MachineId
  readonly template: TemplateRef
  readonly resources: Resources
  readonly config: LaunchConfig
  readonly connection: GuestConnection
  /** What the source is told again afterwards. A template's source ends, so it is told nothing. */
  readonly thaw?: ThawRequest
  readonly parent?: SnapshotId
  readonly tag?: string
  readonly labels?: Readonly<Record<string, string>>
  /** 14 days for what a user asks for, and for ever for what is kept for others, when absent. */
  readonly ttlMs?: number
  readonly pinned?: boolean
  /** Proves the published snapshot before it counts as ready. */
  readonly prove?: (manifest: SnapshotManifest) => Promise<void>
}
