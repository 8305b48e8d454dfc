export type {
  BuildLine,
  DriverStatus,
  EventResource,
  ExecInfoResource,
  FileStatResource,
  Fork,
  Launch,
  LaunchOptions,
  MachineResource,
  MachineStatsResource,
  Problem,
  ReceiptResource,
  SnapshotResource,
  System,
  TemplateBuild,
  TemplateResource,
  VerifyResult,
  WatchEventResource,
} from '@hearth/protocol'
export { type ByteSource, type ByteStream, iterateBytes } from './bytes.ts'
export { HearthApiError, HearthConnectionError } from './errors.ts'
export { type ExecExit, type ExecOutput, ExecProcess, type ExecResult } from './exec.ts'
export { type FileDownload, MachineFiles, type WriteOptions } from './files.ts'
export { Hearth } from './hearth.ts'
export { type ExecOptions, type Forked, Machine, MachineRef, type RunOptions, type RunResult } from './machine.ts'
export type { Machines } from './machines.ts'
export { PortStream } from './port-stream.ts'
export type { Snapshots } from './snapshots.ts'
export type { SystemInfo } from './system.ts'
export type { BuildProgress, Templates } from './templates.ts'
export type { Cancellable, Fetch, FetchInit, FetchResponse, HearthOptions } from './transport.ts'
export type { WebSocketClass, WebSocketLike } from './web-socket.ts'
