import type { ImageSource, MachineDriver, MachineId, OpenGuest, RandomBytes, Resources, SnapshotManifest } from '@hearth/model'

/** A driver on a host of its own, with the ways to look at that host, and harm it, behind the driver's back. */
export interface DriverBed {
  readonly driver: MachineDriver
  readonly openGuest: OpenGuest
  /** What to build the suite's template from, and how large its machines are. */
  readonly source: ImageSource
  readonly resources: Resources
  readonly random: RandomBytes
  /** For one boot until its guest agent answers. */
  readonly bootDeadlineMs: number
  /** Everything on the host whose name contains `text`: files, folders, sockets, processes. Never from the driver's own records. */
  traces(text: string): Promise<string[]>
  /** Changes one byte of a published snapshot's files. */
  flipByte(snapshot: SnapshotManifest): Promise<void>
  /** The next write of a snapshot's files fails midway, as on a full disk. Returns the way to heal it. */
  failNextWrite(): Promise<() => Promise<void>>
  /** Kills a machine. */
  crash(id: MachineId): Promise<void>
  /** Another driver object on the same host, as a restarted server has it; the first is closed. Absent where it cannot be had. */
  restart?(): Promise<MachineDriver>
  /** Removes the host and all that is on it. */
  close(): Promise<void>
}
