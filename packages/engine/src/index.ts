export { createEngine } from './create-engine.ts'
export type { Engine, NamespaceEngine } from './engine.ts'
export type { EngineEvent, EngineEvents, EngineListener } from './events/event-hub.ts'
export type { OnceOptions } from './idempotency/once.ts'
export type { PendingOutcome } from './idempotency/resolve-pending.ts'
export type { BootChoice, LaunchOptions, LaunchRequest } from './launch/launch-request.ts'
export type { EngineMachines, MachineQuery } from './machines/engine-machines.ts'
export type { EngineNamespaces, NamespaceChange, NamespaceRequest } from './namespaces/engine-namespaces.ts'
export type { EngineOptions, EngineParts, ReceiptVerifier, SshHostKey } from './parts.ts'
export type { ScalePlan, ScaleRequest } from './pool/autoscale/plan-scale.ts'
export type { EnginePools, PoolChangeOptions, PoolRequest, PoolStatus, RefillState } from './pool/engine-pools.ts'
export type { CustomValidators, ValidatorInput } from './pool/validate-entry.ts'
export type { ReconcileReport } from './reconcile/report.ts'
export {
  type EngineRetention,
  type FailedRemoval,
  type Removal,
  type RemovalReason,
  type RetentionOptions,
  type RetentionReport,
  removalReasons,
} from './retention/engine-retention.ts'
export type { NewRecord } from './rows/new-record.ts'
export type {
  EngineSnapshots,
  RestoreOptions,
  RestoreOutcome,
  SnapshotBegun,
  SnapshotChange,
  SnapshotCopy,
  SnapshotFilter,
  SnapshotLineage,
  SnapshotMarks,
  SnapshotNode,
  SnapshotOptions,
  SnapshotQuery,
  VerifyOutcome,
} from './snapshots/engine-snapshots.ts'
export type { ForkOutcome, ForkRequest, ForkResult } from './snapshots/fork-request.ts'
export type { BuildOptions, EngineTemplates, TemplateBegun, TemplateRequest } from './templates/engine-templates.ts'
