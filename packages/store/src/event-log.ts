import type { EventKind, EventLog, EventQuery, Name, NewEvent, StoredEvent } from '@hearth/model'
import { sql } from 'kysely'
import type { Stored } from './columns.ts'
import type { Database, Step } from './database.ts'
import { pruneRows } from './prune-rows.ts'

const table = 'events'

/** Writes one event; last within a commit, since others wait for it to end. */
export function eventSteps(database: Database, event: NewEvent): Step[] {
  const { queueForEvents } = database
  const { namespace, removed, data, ...rest } = event
  const values = { ...rest, namespace: namespace ?? null, removed: removed ? 1 : 0, data: JSON.stringify(data) }
  const write = { query: database.sql.insertInto(table).values(values) }
  return queueForEvents ? [{ query: queueForEvents }, write] : [write]
}

/** The events, in the order in which they were committed. */
export function eventLog(database: Database): EventLog {
  const edge = async (which: 'min' | 'max') => {
    const select = database.sql.selectFrom(table).select(sql<number | null>`${sql.raw(which)}(seq)`.as('seq'))
    const [row] = await database.run(select)
    return Number(row?.seq ?? 0)
  }
  return {
    async after(seq: number, { limit, namespaces }: EventQuery) {
      let query = database.sql.selectFrom(table).selectAll().where('seq', '>', seq)
      if (namespaces) query = query.where(inNamespaces(namespaces))
      return (await database.run(query.orderBy('seq').limit(limit))).map(readEvent)
    },
    latest: () => edge('max'),
    oldest: () => edge('min'),
    async append(event) {
      await database.commit(eventSteps(database, event))
      database.news.tell()
    },
    async prune(at) {
      const newest = await edge('max')
      return pruneRows(database, table, 'seq', sql`at < ${at} and seq < ${newest}`)
    },
    watch: (listener) => database.news.watch(listener),
  }
}

function inNamespaces(namespaces: readonly Name[]) {
  if (namespaces.length === 0) return sql<boolean>`namespace is null`
  return sql<boolean>`(namespace is null or namespace in (${sql.join(namespaces)}))`
}

function readEvent(stored: Stored): StoredEvent {
  return {
    seq: Number(stored.seq),
    at: Number(stored.at),
    kind: stored.kind as EventKind,
    id: String(stored.id),
    ...(stored.namespace !== null && { namespace: stored.namespace as Name }),
    state: String(stored.state),
    removed: stored.removed !== 0,
    data: JSON.parse(String(stored.data)) as Record<string, unknown>,
  }
}
