export { type DialControl, type DialEvent, dialControlSchema, dialEventSchema, portParamField } from './api/dial.ts'
export {
  type EventGap,
  type EventQuery,
  type EventResource,
  eventGapSchema,
  eventKindField,
  eventQuerySchema,
  eventSchema,
  namespaceEventQuerySchema,
} from './api/events.ts'
export {
  type ExecAttach,
  type ExecControl,
  type ExecEvent,
  type ExecInfoResource,
  type ExecRun,
  type ExecRunResult,
  type ExecStart,
  execAttachSchema,
  execChannels,
  execControlSchema,
  execEventSchema,
  execInfoSchema,
  execListSchema,
  execOpeningSchema,
  execRunResultSchema,
  execRunSchema,
  execStartSchema,
} from './api/exec.ts'
export { nameField, waitQuerySchema } from './api/fields.ts'
export {
  type FileStatResource,
  fileListQuerySchema,
  fileListSchema,
  fileQuerySchema,
  fileRemoveQuerySchema,
  fileStatSchema,
  fileWatchQuerySchema,
  fileWriteQuerySchema,
  mkdirSchema,
  moveSchema,
  statHeader,
  type WatchEventResource,
  watchEventSchema,
} from './api/files.ts'
export {
  type GivenUp,
  givenUpSchema,
  idempotencyHeadersSchema,
  idempotencyKeyField,
  idempotencyKeyHeader,
  idempotencyReplayedHeader,
} from './api/idempotency.ts'
export { formatImageSource, parseImageSource } from './api/image-source.ts'
export {
  type AuditEntryResource,
  auditEntrySchema,
  auditPageSchema,
  auditQuerySchema,
  type KeyCreate,
  type KeyResource,
  type KeyRotate,
  keyCreateSchema,
  keyListSchema,
  keyQuerySchema,
  keyRotateSchema,
  keySchema,
  type NewKeyResource,
  newKeySchema,
  type Ticket,
  type TicketCreate,
  ticketCreateSchema,
  ticketSchema,
} from './api/keys.ts'
export {
  bootReportSchema,
  type Extend,
  extendSchema,
  type Fork,
  type ForkResult,
  forkResultSchema,
  forkSchema,
  injectedFileSchema,
  type Launch,
  type LaunchOptions,
  launchOptionsSchema,
  launchSchema,
  logsQuerySchema,
  type MachineQuery,
  type MachineResource,
  type MachineStatsResource,
  machinePageSchema,
  machineQuerySchema,
  machineSchema,
  machineStatsSchema,
} from './api/machines.ts'
export { namedSchemas } from './api/named-schemas.ts'
export {
  type NamespaceCreate,
  type NamespacePatch,
  type NamespaceResource,
  namespaceCreateSchema,
  namespaceListSchema,
  namespacePatchSchema,
  namespaceSchema,
  type Usage,
  usageSchema,
} from './api/namespaces.ts'
export {
  type PoolResource,
  type PoolRolloutResource,
  type PoolRolloutStart,
  type PoolScalePlan,
  type PoolScaleQuery,
  type PoolSet,
  type PoolSettingsResource,
  type PoolStats,
  poolListSchema,
  poolParamsSchema,
  poolRolloutSchema,
  poolRolloutStartSchema,
  poolScalePlanSchema,
  poolScaleQuerySchema,
  poolSchema,
  poolSetSchema,
  poolStatsSchema,
} from './api/pools.ts'
export { type PortList, portListSchema } from './api/ports.ts'
export { type Problem, problemContentType, problemSchema } from './api/problem.ts'
export { type ReceiptResource, receiptItemSchema, receiptSchema } from './api/receipt.ts'
export { type RetentionReport, type RetentionRun, retentionReportSchema, retentionRunSchema } from './api/retention.ts'
export {
  artifactSchema,
  compatibilitySchema,
  type RestoreResult,
  restoreResultSchema,
  type SnapshotCopy,
  type SnapshotCreate,
  type SnapshotPatch,
  type SnapshotQuery,
  type SnapshotResource,
  type SnapshotRestore,
  type SnapshotTree,
  snapshotCopySchema,
  snapshotCreateSchema,
  snapshotPageSchema,
  snapshotPatchSchema,
  snapshotQuerySchema,
  snapshotRemoveQuerySchema,
  snapshotRestoreSchema,
  snapshotSchema,
  snapshotTreeSchema,
  type VerifyResult,
  verifyResultSchema,
} from './api/snapshots.ts'
export {
  type ConfigResource,
  configSchema,
  type DriverStatus,
  driverStatusSchema,
  type Readiness,
  readinessSchema,
  type ServerStats,
  type System,
  serverStatsSchema,
  systemSchema,
} from './api/system.ts'
export {
  type BuildEvent,
  type BuildProgress,
  buildEventSchema,
  buildProgressSchema,
  type ReadyCheckInput,
  readyCheckSchema,
  type TemplateBuild,
  type TemplateResource,
  templateBuildSchema,
  templateListSchema,
  templateSchema,
} from './api/templates.ts'
export { type Field, field, optional, type Presence, repeated } from './fields/field.ts'
export { FieldError } from './fields/field-error.ts'
export { type FieldList, type FieldValues, fieldList } from './fields/field-list.ts'
export { type GuestOptions, openGuest } from './guest/connection.ts'
export { builtinCommands, type CommandContext, type DoubleCommand } from './guest/doubles/double-commands.ts'
export { type GuestDoubleOptions, InMemoryGuestDouble } from './guest/doubles/in-memory-guest-double.ts'
export { type Lie, LyingGuestDouble, type LyingGuestOptions } from './guest/doubles/lying-guest-double.ts'
export { type GuestRefusal, refusalOf } from './guest/guest-errors.ts'
export { verifyReceipt } from './guest/receipt-check.ts'
export { generateSshHostKey, type SshHostKey, sshFingerprint } from './guest/ssh-host-key.ts'
