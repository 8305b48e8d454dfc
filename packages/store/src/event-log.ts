import type { EventKind, EventLog, EventQuery, Name, NewEvent, StoredEvent } from '@hearth/model'
import { sql } from 'kysely'
import type { Stored } from './columns.ts'
import type { Database, Step } from './database.ts'
import { pruneRows } from './prune-rows.ts'

const table = 'events'

/** Writes one event; within a commit it comes behind the change of its row. */
export function eventStep(database: Database, event: NewEvent): Step {
  const { namespace, removed, data, ...rest } = event
  const values = { ...rest, namespace: namespace ?? null, removed: removed ? 1 : 0, data: JSON.stringify(data) }
  return { query: database.sql.insertInto(table).values(values) }
}

/** The events, in the order in which they were committed. */
export function eventLog(database: Database): EventLog {
  const { order } = database
  const visible = () => (order ? database.sql.selectFrom(table).where(order.settled) : database.sql.selectFrom(table))
  const edge = async (which: 'min' | 'max') => {
    const [row] = await database.run(visible().select(sql<number | null>`${sql.raw(which)}(seq)`.as('seq')))
    return Number(row?.seq ?? 0)
  }
  return {
    async after(seq: number, { limit, namespaces }: EventQuery) {
      let query = visible().selectAll().where('seq', '>', seq)
      if (namespaces) query = query.where(inNamespaces(namespaces))
      return (await database.run(query.orderBy('seq').limit(limit))).map(readEvent)
    },
    latest: () => edge('max'),
    oldest: () => edge('min'),
    async append(event) {
      await database.commit([...(order ? [{ query: order.takePlace }] : []), eventStep(database, event)])
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
