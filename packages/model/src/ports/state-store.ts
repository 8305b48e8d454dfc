import type { AccessKey, AuditEntry, KeyId } from '../access-key.ts'
import type { IdempotencyRecord } from '../idempotency.ts'
import type { Machine, MachineState } from '../machine.ts'
import type { MachineId, Name, SnapshotId, TemplateRef } from '../names.ts'
import type { Namespace } from '../namespace.ts'
import type { Page, PageQuery } from '../page.ts'
import type { Snapshot, SnapshotKind, SnapshotState } from '../snapshot.ts'
import type { NewEvent, StoredEvent } from '../stored-event.ts'
import type { Template } from '../template.ts'
import type { PoolStore } from './pool-store.ts'
import type { ServerRegistry } from './server-registry.ts'
import type { MachineSecrets, Table } from './table.ts'

/** Every given field must agree. */
export interface MachineFilter {
  readonly namespace?: Name
  readonly host?: string
  readonly states?: readonly MachineState[]
  readonly name?: Name
  /** A template's name (all versions) or ref. */
  readonly template?: string
  readonly driver?: string
  readonly restoredFrom?: SnapshotId
  /** Each pair must be there. */
  readonly labels?: Readonly<Record<string, string>>
}

/** Every given field must agree. */
export interface SnapshotFilter {
  readonly namespace?: Name
  readonly host?: string
  readonly kinds?: readonly SnapshotKind[]
  readonly states?: readonly SnapshotState[]
  readonly source?: MachineId
  readonly parent?: SnapshotId
  /** A template's name (all versions) or ref. */
  readonly template?: string
  readonly tag?: string
  readonly pinned?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly createdAfter?: number
  readonly createdBefore?: number
}

export interface MachineCount {
  readonly state: MachineState
  readonly count: number
}

export interface SnapshotCount {
  readonly kind: SnapshotKind
  readonly state: SnapshotState
  readonly count: number
  readonly bytes: number
}

export interface EventQuery {
  readonly limit: number
  /** Only what belongs to these namespaces (and what belongs to none). */
  readonly namespaces?: readonly Name[]
}

/** The order in which things happened; nothing appears later before what was read already. */
export interface EventLog {
  /** Events behind `seq`, in order. With several servers an event becomes visible only once none before it can come any more. */
  after(seq: number, query: EventQuery): Promise<StoredEvent[]>
  /** The number of the newest event; 0 when there is none. */
  latest(): Promise<number>
  /** The number of the oldest event that is kept: who asks for earlier ones has missed some. */
  oldest(): Promise<number>
  append(event: NewEvent): Promise<void>
  /** Forgets what happened before `at`; resolves to how many. The newest event always stays. */
  prune(at: number): Promise<number>
  /** Calls `listener` when there may be news, also of other servers. Returns the way to stop. */
  watch(listener: () => void): () => void
}

/** Who may do what only one may do at a time; good until a moment, so that the dead let go. */
export interface Leases {
  /** Takes or prolongs; `undefined` when another has it. `generation` grows with every new holder. */
  take(name: string, owner: string, untilMs: number, nowMs: number): Promise<{ readonly generation: number } | undefined>
  release(name: string, owner: string): Promise<void>
  /** Who has it at `nowMs`; `undefined`: nobody. */
  holder(name: string, nowMs: number): Promise<string | undefined>
}

/** What is wrong with the stored state; empty when nothing is. */
export interface ConsistencyReport {
  readonly problems: readonly string[]
  readonly rows: Readonly<Record<string, number>>
}

export interface StateStore extends PoolStore {
  readonly namespaces: Table<Namespace, Name>
  readonly templates: Table<Template, TemplateRef> & {
    /** All versions of `name`, newest first. */
    versions(name: Name): Promise<Template[]>
  }
  readonly machines: Table<Machine, MachineId> & {
    /** The live machine (starting, running, paused, stopping) of that name. */
    byName(namespace: Name, name: Name): Promise<Machine | undefined>
    page(filter: MachineFilter, query: PageQuery): Promise<Page<Machine>>
    /** Those that live, of one host where it is given, oldest first. */
    live(filter?: { readonly host?: string; readonly namespace?: Name }): Promise<Machine[]>
    /** How many of one host there are in each state that occurs; for metrics, so counted by the database. */
    countByState(host: string): Promise<readonly MachineCount[]>
    /** Forgets machines that ended before `at`, with their secrets; resolves to how many. */
    pruneEnded(at: number): Promise<number>
    putSecrets(id: MachineId, secrets: MachineSecrets): Promise<void>
    getSecrets(id: MachineId): Promise<MachineSecrets | undefined>
    deleteSecrets(id: MachineId): Promise<void>
  }
  readonly snapshots: Table<Snapshot, SnapshotId> & {
    /** Of that kind only, where it is given: there may be many of the other kinds. Whole rows, oldest first. */
    byTemplate(template: TemplateRef, kind?: SnapshotKind): Promise<Snapshot[]>
    /** Those that have `parent` as their parent and have not failed; their manifests lack `changedBlocks`. */
    children(parent: SnapshotId): Promise<Snapshot[]>
    /** Their manifests lack `changedBlocks`, which may be long; whoever restores reads the row with `get`. */
    page(filter: SnapshotFilter, query: PageQuery): Promise<Page<Snapshot>>
    /** Those that fit, oldest first, their manifests without `changedBlocks`: for cleaners and reconcilers. */
    where(filter: SnapshotFilter): Promise<Snapshot[]>
    /** How many of one host there are of each kind and state that occurs, and what they take; counted by the database. */
    countByState(host: string): Promise<readonly SnapshotCount[]>
    /** User snapshots that are not failed, and what they take. */
    usage(namespace: Name): Promise<{ readonly count: number; readonly bytes: number }>
  }
  readonly keys: Table<AccessKey, KeyId> & {
    byHash(hash: string): Promise<AccessKey | undefined>
  }
  readonly idempotency: Table<IdempotencyRecord, string> & {
    /** Of one host, begun and not answered. */
    pending(host: string): Promise<IdempotencyRecord[]>
    prune(at: number): Promise<number>
  }
  readonly events: EventLog
  readonly audit: {
    append(entries: readonly Omit<AuditEntry, 'seq'>[]): Promise<void>
    /** Newest first. */
    page(query: PageQuery): Promise<Page<AuditEntry>>
    prune(at: number): Promise<number>
  }
  readonly leases: Leases
  readonly servers: ServerRegistry
  /** Whether it answers; cheap. @throws HearthError `store_unavailable` */
  ping(): Promise<void>
  /** Gives back space that pruned rows took, in small steps that block nobody for long. */
  compact(): Promise<void>
  /** A copy of the whole state, consistent in itself, while others go on writing. @throws HearthError `state_conflict` where the database has its own tool */
  backup(file: string): Promise<void>
  check(): Promise<ConsistencyReport>
  close(): Promise<void>
}
