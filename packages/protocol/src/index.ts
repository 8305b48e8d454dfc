export { type DialControl, type DialEvent, dialControlSchema, dialEventSchema, portParamField } from './api/dial.ts'
export { type EventResource, eventSchema } from './api/events.ts'
export {
  type ExecAttach,
  type ExecControl,
  type ExecEvent,
  type ExecInfoResource,
  type ExecStart,
  execAttachSchema,
  execChannels,
  execControlSchema,
  execEventSchema,
  execInfoSchema,
  execListSchema,
  execOpeningSchema,
  execStartSchema,
} from './api/exec.ts'
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
export { formatImageSource, parseImageSource } from './api/image-source.ts'
export {
  bootReportSchema,
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
  type MachineResource,
  type MachineStatsResource,
  machineListSchema,
  machineQuerySchema,
  machineSchema,
  machineStatsSchema,
} from './api/machines.ts'
export { type Problem, problemContentType, problemSchema } from './api/problem.ts'
export { type ReceiptResource, receiptItemSchema, receiptSchema } from './api/receipt.ts'
export {
  artifactSchema,
  compatibilitySchema,
  type SnapshotCreate,
  type SnapshotResource,
  snapshotCreateSchema,
  snapshotListSchema,
  snapshotQuerySchema,
  snapshotRemoveQuerySchema,
  snapshotSchema,
  type VerifyResult,
  verifyResultSchema,
} from './api/snapshots.ts'
export { type DriverStatus, driverStatusSchema, type System, systemSchema } from './api/system.ts'
export {
  type BuildLine,
  buildLineSchema,
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
