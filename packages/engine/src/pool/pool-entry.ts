import type { GuestConnection, PoolEntry, SnapshotManifest, Template } from '@hearth/model'

/** A machine of a pool as this server holds it: its row, and what it was made of. */
export interface HeldEntry {
  readonly row: PoolEntry
  readonly template: Template
  readonly manifest: SnapshotManifest
  readonly connection: GuestConnection
  readonly readyAt: number
}
