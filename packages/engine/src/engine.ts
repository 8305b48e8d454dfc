import type { IdempotencyRecord, Machine, Name } from '@hearth/model'
import type { EngineEvents } from './events/event-hub.ts'
import type { OnceOptions } from './idempotency/once.ts'
import type { PendingOutcome } from './idempotency/resolve-pending.ts'
import type { LaunchRequest } from './launch/launch-request.ts'
import type { EngineMachines } from './machines/engine-machines.ts'
import type { EngineNamespaces } from './namespaces/engine-namespaces.ts'
import type { EnginePools } from './pool/engine-pools.ts'
import type { ReconcileReport } from './reconcile/report.ts'
import type { EngineRetention } from './retention/engine-retention.ts'
import type { EngineSnapshots } from './snapshots/engine-snapshots.ts'
import type { ForkRequest, ForkResult } from './snapshots/fork-request.ts'
import type { EngineTemplates } from './templates/engine-templates.ts'

/** The machines and snapshots of one namespace. What belongs to another is not there. */
export interface NamespaceEngine {
  readonly namespace: Name
  readonly machines: EngineMachines
  readonly snapshots: EngineSnapshots

  /**
   * "Give me a machine": restored, else cold. Resolves when the machine is personalised, proven so, and running.
   * @throws HearthError `template_not_found`, `snapshot_not_found`, `snapshot_not_ready`, `name_taken`, `boot_method_unavailable`,
   * `personalise_failed`, `ready_check_failed`, `invalid_input`, `cancelled`, `driver_*`, `store_conflict` (see `OnceOptions`)
   */
  launch(request: LaunchRequest, options?: OnceOptions): Promise<Machine>

  /**
   * Freezes a running machine once and makes `count` clones of that moment; the machine goes on.
   * A clone that fails does not take the others with it.
   * @throws HearthError `machine_not_found`, `machine_not_running`, `invalid_input`, `driver_*` when the freezing fails
   */
  fork(machine: string, request: ForkRequest, options?: OnceOptions): Promise<ForkResult>
}

/**
 * Templates, machines and snapshots of one Hearth, over the drivers and the store it was given; what is asked of it directly
 * is asked of the namespace `default`. One engine at a time may own drivers; `start` comes before anything else.
 * Every error is a `HearthError`; a call that fails or is cancelled leaves nothing behind.
 */
export interface Engine extends NamespaceEngine {
  readonly templates: EngineTemplates
  readonly events: EngineEvents
  readonly namespaces: EngineNamespaces
  readonly retention: EngineRetention
  readonly pools: EnginePools

  /** The part of the engine that serves `namespace`. @throws HearthError `invalid_input` */
  in(namespace: string): NamespaceEngine

  /** Makes rows and hosts agree after whatever happened before; called once, first. */
  start(): Promise<ReconcileReport>

  /** The same again, beside all that is under way; done on an interval by itself. */
  reconcile(): Promise<ReconcileReport>

  /** Says what became of a request that was begun and never answered; a record of which nothing came is removed. */
  resolvePending(record: IdempotencyRecord): Promise<PendingOutcome>

  /** Resolves when nothing is under way in the background: ends being noted, damaged template snapshots being replaced. */
  settled(): Promise<void>

  /** Ends launches and builds that are under way and lets go of guests and drivers; machines go on. */
  close(): Promise<void>
}
