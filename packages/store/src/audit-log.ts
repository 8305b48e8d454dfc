import type { AuditEntry, KeyId, Name, PageQuery, StateStore } from '@hearth/model'
import { sql } from 'kysely'
import type { Stored } from './columns.ts'
import type { Database } from './database.ts'
import { checkLimit, pageOf, placeOf } from './keyset.ts'
import { pruneRows } from './prune-rows.ts'

const table = 'audit'

/** Who wrote what, newest first. */
export function auditLog(database: Database): StateStore['audit'] {
  return {
    async append(entries) {
      if (entries.length === 0) return
      await database.run(database.sql.insertInto(table).values(entries.map(stored)))
    },
    async page(query: PageQuery) {
      const behind = placeOf(query.cursor)
      let select = database.sql.selectFrom(table).selectAll().orderBy('seq', 'desc')
      if (behind) select = select.where('seq', '<', behind.at)
      const rows = (await database.run(select.limit(checkLimit(query.limit) + 1))).map(readEntry)
      return pageOf(rows, query, (entry) => ({ at: entry.seq, id: '' }))
    },
    prune: (at) => pruneRows(database, table, 'seq', sql`at < ${at}`),
  }
}

function stored({ at, key, method, path, namespace, status, requestId }: Omit<AuditEntry, 'seq'>) {
  return { at, key_id: key ?? null, method, path, namespace: namespace ?? null, status, request_id: requestId }
}

function readEntry(row: Stored): AuditEntry {
  return {
    seq: Number(row.seq),
    at: Number(row.at),
    ...(row.key_id !== null && { key: row.key_id as KeyId }),
    method: String(row.method),
    path: String(row.path),
    ...(row.namespace !== null && { namespace: row.namespace as Name }),
    status: Number(row.status),
    requestId: String(row.request_id),
  }
}
