import type {
  AccessKey,
  IdempotencyRecord,
  KeyId,
  Name,
  Namespace,
  Snapshot,
  SnapshotId,
  SnapshotKind,
  SnapshotState,
  StateStore,
  Template,
  TemplateRef,
} from '@hearth/model'
import { sql } from 'kysely'
import { auditLog } from './audit-log.ts'
import { casTable } from './cas-table.ts'
import type { Stored } from './columns.ts'
import { is, snapshotConditions } from './conditions.ts'
import type { Database } from './database.ts'
import { eventLog } from './event-log.ts'
import { leases } from './leases.ts'
import { machineRows } from './machine-rows.ts'
import { poolRows } from './pool-rows.ts'
import { pruneRows } from './prune-rows.ts'
import { serverRegistry } from './server-registry.ts'
import { idempotencyTable, keyTable, namespaceTable, snapshotTable, templateTable } from './tables.ts'

/** The two ways a commit may be kept; they may be one. */
export interface Databases {
  /** Survives the end of this process. Machines end with the host's power, so their rows need no more. */
  readonly fast: Database
  /** Survives a power cut too. */
  readonly durable: Database
}

/** What each kind of database does in its own way. */
export type Upkeep = Pick<StateStore, 'ping' | 'compact' | 'backup' | 'check' | 'close'>

/** The state store over SQL; the same queries for every database. */
export function sqlStateStore({ fast, durable }: Databases, upkeep: Upkeep): StateStore {
  return {
    namespaces: casTable<Namespace, Name>(durable, namespaceTable),
    templates: templateRows(durable),
    machines: machineRows(fast),
    snapshots: snapshotRows(durable),
    ...poolRows(fast),
    keys: keyRows(durable),
    idempotency: idempotencyRows(fast),
    events: eventLog(fast),
    audit: auditLog(fast),
    leases: leases(fast),
    servers: serverRegistry(fast),
    ...upkeep,
  }
}

function templateRows(database: Database): StateStore['templates'] {
  const templates = casTable<Template, TemplateRef>(database, templateTable)
  return {
    ...templates,
    versions: async (name) => (await templates.where([is('name', name)])).sort((a, b) => b.version - a.version),
  }
}

function snapshotRows(database: Database): StateStore['snapshots'] {
  const snapshots = casTable<Snapshot, SnapshotId>(database, snapshotTable)
  return {
    ...snapshots,
    byTemplate: async (template, kind) => snapshots.where([is('template', template), ...(kind ? [is('kind', kind)] : [])]),
    children: async (parent) => snapshots.where([is('parent', parent), sql`state <> 'failed'`], 'light'),
    page: async (filter, query) => snapshots.page(snapshotConditions(database, filter), query),
    where: async (filter) => snapshots.where(snapshotConditions(database, filter), 'light'),
    async countByState(host) {
      const rows = await database.run(
        database.sql
          .selectFrom(snapshotTable.table)
          .select(['kind', 'state', ...countAndBytes()])
          .where(is('host', host))
          .groupBy(['kind', 'state']),
      )
      return rows.map((row) => ({ kind: row.kind as SnapshotKind, state: row.state as SnapshotState, ...readCount(row) }))
    },
    async usage(namespace) {
      const counted = database.sql
        .selectFrom(snapshotTable.table)
        .select(countAndBytes())
        .where(sql<boolean>`${is('namespace', namespace)} and kind = 'user' and state <> 'failed'`)
      const [row] = await database.run(counted)
      return readCount(row ?? {})
    },
  }
}

function countAndBytes() {
  return [sql<number>`count(*)`.as('count'), sql<number>`coalesce(sum(size_bytes), 0)`.as('bytes')] as const
}

function readCount({ count, bytes }: Stored): { readonly count: number; readonly bytes: number } {
  return { count: Number(count), bytes: Number(bytes) }
}

function keyRows(database: Database): StateStore['keys'] {
  const keys = casTable<AccessKey, KeyId>(database, keyTable)
  return { ...keys, byHash: async (hash) => (await keys.where([is('hash', hash)]))[0] }
}

function idempotencyRows(database: Database): StateStore['idempotency'] {
  const records = casTable<IdempotencyRecord, string>(database, idempotencyTable)
  return {
    ...records,
    pending: async (host) => records.where([sql`state = 'pending'`, is('host', host)]),
    prune: (at) => pruneRows(database, idempotencyTable.table, 'id', sql`created_at < ${at}`),
  }
}
