export { type AccessKey, type AuditEntry, type KeyId, type KeyScope, keyScopes, newKeyId, parseKeyId } from './access-key.ts'
export { type Clock, systemClock } from './clock.ts'
export {
  type DriverErrorKind,
  driverError,
  driverErrorKindOf,
  type ErrorCode,
  type ErrorOptions,
  errorStatus,
  HearthError,
  invalidInput,
  isHearthError,
  messageOf,
} from './errors.ts'
export { type Failpoint, failpoints, type PassFailpoint } from './failpoints.ts'
export type { IdempotencyRecord } from './idempotency.ts'
export { formatImageSource, imageSourceRule, parseImageSource } from './image-source.ts'
export { limits } from './limits.ts'
export { type Log, silentLog } from './log.ts'
export {
  type BootMethod,
  type BootReason,
  type BootReport,
  bootReasons,
  type InjectedFile,
  type LaunchConfig,
  liveMachineStates,
  type Machine,
  type MachineState,
  machineTransitions,
  type NetworkIdentity,
} from './machine.ts'
export {
  looksLikeMachineId,
  type MachineId,
  type Name,
  nameRule,
  newMachineId,
  newSnapshotId,
  parseMachineId,
  parseName,
  parseSnapshotId,
  parseTemplateRef,
  type RandomBytes,
  type SnapshotId,
  type TemplateRef,
  templateRef,
} from './names.ts'
export { defaultNamespace, type Namespace, type NamespaceUsage, namespaceDefaults, namespaceNotFound } from './namespace.ts'
export type { Page, PageQuery } from './page.ts'
export {
  type Pool,
  type PoolAutoscale,
  type PoolEntry,
  type PoolEntryState,
  type PoolRollout,
  type PoolSettings,
  type PoolState,
  type PoolValidator,
  poolDefaults,
  poolLimits,
  type RolloutState,
} from './pool.ts'
export type * from './ports/engine-meter.ts'
export type * from './ports/guest.ts'
export type * from './ports/machine-driver.ts'
export type * from './ports/pool-store.ts'
export type * from './ports/server-registry.ts'
export type * from './ports/state-store.ts'
export type * from './ports/table.ts'
export {
  type Receipt,
  type ReceiptItem,
  type ReceiptItemName,
  type ReceiptPart,
  type ReceiptStatus,
  receiptItems,
} from './receipt.ts'
export { silentMeter } from './silent-meter.ts'
export {
  type Artifact,
  type Compatibility,
  defaultSnapshotTtlMs,
  isExpired,
  type QuiesceResult,
  type Snapshot,
  type SnapshotKind,
  type SnapshotLayers,
  type SnapshotManifest,
  type SnapshotQuality,
  type SnapshotState,
  snapshotTransitions,
} from './snapshot.ts'
export { type EventKind, eventKinds, type NewEvent, type StoredEvent } from './stored-event.ts'
export {
  type Egress,
  type ImageSource,
  type ReadyCheck,
  type Resources,
  resourceLimits,
  type Template,
  type TemplateSpec,
  type TemplateState,
  templateTransitions,
} from './template.ts'
