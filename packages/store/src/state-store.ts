import type {
  AccessKey,
  IdempotencyRecord,
  KeyId,
  Name,
  Namespace,
  Snapshot,
  SnapshotId,
  StateStore,
  Template,
  TemplateRef,
} from '@hearth/model'
import { sql } from 'kysely'
import { auditLog } from './audit-log.ts'
import { casTable } from './cas-table.ts'
import { is, snapshotConditions } from './conditions.ts'
import type { Database } from './database.ts'
import { eventLog } from './event-log.ts'
import { leases } from './leases.ts'
import { machineRows } from './machine-rows.ts'
import { pruneRows } from './prune-rows.ts'
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
    keys: keyRows(durable),
    idempotency: idempotencyRows(fast),
    events: eventLog(fast),
    audit: auditLog(fast),
    leases: leases(fast),
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
    byTemplate: (template) => snapshots.where([is('template', template)]),
    children: (parent) => snapshots.where([is('parent', parent), sql`state <> 'failed'`], 'light'),
    page: (filter, query) => snapshots.page(snapshotConditions(database, filter), query),
    where: (filter) => snapshots.where(snapshotConditions(database, filter), 'light'),
    async usage(namespace) {
      const counted = database.sql
        .selectFrom(snapshotTable.table)
        .select([sql<number>`count(*)`.as('count'), sql<number>`coalesce(sum(size_bytes), 0)`.as('bytes')])
        .where(sql<boolean>`${is('namespace', namespace)} and kind = 'user' and state <> 'failed'`)
      const [row] = await database.run(counted)
      return { count: Number(row?.count), bytes: Number(row?.bytes) }
    },
  }
}

function keyRows(database: Database): StateStore['keys'] {
  const keys = casTable<AccessKey, KeyId>(database, keyTable)
  return { ...keys, byHash: async (hash) => (await keys.where([is('hash', hash)]))[0] }
}

function idempotencyRows(database: Database): StateStore['idempotency'] {
  const records = casTable<IdempotencyRecord, string>(database, idempotencyTable)
  return {
    ...records,
    pending: (host) => records.where([sql`state = 'pending'`, is('host', host)]),
    prune: (at) => pruneRows(database, idempotencyTable.table, 'id', sql`created_at < ${at}`),
  }
}
