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
import type { OnceOptions } from '../idempotency/once.ts'
import type { SnapshotMarks } from './engine-snapshots.ts'

/** What the row of a snapshot says from the first moment on. An absent TTL is 14 days for what a user asks for, else for ever. */
export interface SnapshotIntent extends SnapshotMarks, Pick<OnceOptions, 'idempotency'> {
  readonly kind: SnapshotKind
  readonly namespace: Name
  readonly source: MachineId
  readonly template: TemplateRef
  readonly parent?: SnapshotId
}

/** What is frozen, and how. */
export interface SnapshotOrder {
  readonly driver: MachineDriver
  readonly resources: Resources
  readonly config: LaunchConfig
  readonly connection: GuestConnection
  /** What the source is told again afterwards. A template's source ends, so it is told nothing. */
  readonly thaw?: ThawRequest
  /** Proves the published snapshot before it counts as ready. */
  readonly prove?: (manifest: SnapshotManifest) => Promise<void>
  /** Refuses what is too large for its namespace. */
  readonly admit?: (sizeBytes: number) => Promise<void>
}
