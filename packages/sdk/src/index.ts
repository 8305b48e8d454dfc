export { type ByteSource, type ByteStream, iterateBytes } from './bytes.ts'
export { type ErrorCode, HearthApiError, HearthConnectionError, isHearthError } from './errors.ts'
export type { EventOptions } from './events.ts'
export { type ExecExit, type ExecOutput, ExecProcess, type ExecResult } from './exec.ts'
export type { Fetch, FetchInit, FetchResponse } from './fetch.ts'
export { type FileDownload, MachineFiles, type WriteOptions } from './files.ts'
export { Hearth } from './hearth.ts'
export type { Keys } from './keys.ts'
export type { LifeTime } from './life-time.ts'
export { type Forked, Machine, MachineRef } from './machine.ts'
export type { LaunchOptions, MachineFilter, Machines } from './machines.ts'
export { Namespace } from './namespace.ts'
export type { Namespaces } from './namespaces.ts'
export type { Cancellable, HearthOptions, Repeatable } from './options.ts'
export { Listing, type Page } from './page.ts'
export type { PoolOptions, Pools } from './pools.ts'
export { PortStream } from './port-stream.ts'
export type { AttachOptions, ExecOptions, ExecText, SpawnOptions } from './process-options.ts'
export type { SnapshotCreate, SnapshotPatch } from './requests.ts'
export type {
  AuditEntryResource,
  BuildProgress,
  DriverStatus,
  EventGap,
  ExecInfoResource,
  FileStatResource,
  HearthEvent,
  KeyResource,
  MachineResource,
  MachineStatsResource,
  NamespaceResource,
  NewKeyResource,
  PoolResource,
  PoolRolloutResource,
  PoolScalePlan,
  PoolStats,
  Problem,
  ReceiptResource,
  RetentionReport,
  ServerStats,
  SnapshotResource,
  SnapshotTree,
  System,
  TemplateResource,
  Usage,
  VerifyResult,
  WatchEventResource,
} from './resources.ts'
export { RestoredMachine, type RestoreOptions, type SnapshotFilter, type Snapshots } from './snapshots.ts'
export type { SystemInfo } from './system.ts'
export type { BuildOptions, Templates } from './templates.ts'
export type { WebSocketClass, WebSocketLike } from './web-socket.ts'
