import { type Change, HearthError, type Page, type PageQuery, type Table } from '@hearth/model'
import { sql } from 'kysely'
import { type Columns, readRow, type SqlValue, type Stored, writeFields } from './columns.ts'
import { commitChange } from './commit-change.ts'
import type { Condition } from './conditions.ts'
import type { Database, Refusal } from './database.ts'
import { checkLimit, pageOf, placeOf } from './keyset.ts'
import type { TableShape } from './tables.ts'

/** A table whose every change is one statement that holds only while the row is at the given `rev`. */
export interface CasTable<Row extends { readonly rev: number }, Id extends string> extends Table<Row, Id> {
  /** The rows that fit, oldest first. `light`: without what lies outside of the fields' own columns. */
  where(conditions: readonly Condition[], light?: 'light'): Promise<Row[]>
  /** A part of the rows that fit, newest first; light. */
  page(conditions: readonly Condition[], query: PageQuery): Promise<Page<Row>>
}

/** Opens `shape` over `database`. */
export function casTable<Row extends { readonly rev: number; readonly createdAt: number }, Id extends string>(
  database: Database,
  shape: TableShape<Row>,
): CasTable<Row, Id> {
  const { table } = shape
  const columns: Columns<Row> = shape.columns
  const key = columns[shape.key].column
  const own = Object.values<{ column: string }>(columns).map(({ column }) => column)
  const read = (stored: Stored): Row => {
    const row = readRow(columns, stored)
    return shape.complete ? shape.complete(row, stored) : row
  }
  const written = (fields: Partial<Row>) => storedForm(shape, fields)

  async function get(id: Id): Promise<Row | undefined> {
    const [stored] = await database.run(database.sql.selectFrom(table).selectAll().where(key, '=', id))
    return stored && read(stored)
  }

  async function missed(id: Id, rev: number): Promise<HearthError> {
    const now = await get(id)
    const state = now === undefined ? 'it is gone' : `it is at ${now.rev}`
    return new HearthError('store_conflict', `${table} ${id} was expected at revision ${rev}, but ${state}`, {
      details: { table, id, expectedRev: rev, ...(now && { rev: now.rev }) },
    })
  }

  return {
    get,
    list: () => rowsWhere([]),
    where: rowsWhere,
    async page(conditions, query) {
      const behind = placeOf(query.cursor)
      let select = database.sql.selectFrom(table).select(own)
      for (const condition of conditions) select = select.where(condition)
      if (behind) select = select.where(sql<boolean>`(created_at, ${sql.ref(key)}) < (${behind.at}, ${behind.id})`)
      const ordered = select.orderBy('created_at', 'desc').orderBy(key, 'desc')
      const stored = await database.run(ordered.limit(checkLimit(query.limit) + 1))
      const rows = stored.map((row) => readRow(columns, row))
      return pageOf(rows, query, (row) => ({ at: row.createdAt, id: String(row[shape.key]) }))
    },
    async insert(row, alongside = {}) {
      const full = { ...row, rev: 1 } as Row
      const stored = written(full)
      const done = await commitChange(database, { query: database.sql.insertInto(table).values(stored) }, alongside)
      if ('refused' in done) throw refused(done, table, String(full[shape.key]), full)
      return read(stored)
    },
    async update(id, rev, change: Change<Row>, alongside = {}) {
      const fields = { ...change, rev: rev + 1 } as Partial<Row>
      const update = database.sql.updateTable(table).set(written(fields)).where(key, '=', id).where('rev', '=', rev)
      const done = await commitChange(database, { query: update.returningAll(), mustTouch: true }, alongside)
      if (!('refused' in done)) return read(done[0] as Stored)
      throw done.rule === 'no_row' ? await missed(id, rev) : refused(done, table, id, fields)
    },
    async delete(id, rev, alongside = {}) {
      const gone = database.sql.deleteFrom(table).where(key, '=', id).where('rev', '=', rev).returning(key)
      const done = await commitChange(database, { query: gone, mustTouch: true }, alongside)
      if ('refused' in done) throw await missed(id, rev)
    },
  }

  async function rowsWhere(conditions: readonly Condition[], light?: 'light'): Promise<Row[]> {
    const from = database.sql.selectFrom(table)
    let select = light ? from.select(own) : from.selectAll()
    for (const condition of conditions) select = select.where(condition)
    return (await database.run(select.orderBy('created_at').orderBy(key))).map(light ? (row) => readRow(columns, row) : read)
  }
}

/** The columns of the given fields, with those that follow from them. */
export function storedForm<Row>(shape: TableShape<Row>, fields: Partial<Row>): Record<string, SqlValue> {
  return { ...writeFields(shape.columns, fields), ...shape.derived?.(fields) }
}

/** What a broken rule means to whoever wrote the row. */
export function refused({ rule, cause }: Refusal, table: string, id: string, fields: object): HearthError {
  if (rule === 'live_name') return nameTaken('name' in fields ? fields.name : undefined, cause)
  return new HearthError('store_conflict', `${table} ${id} exists already`, { details: { table, id }, cause })
}

function nameTaken(name: unknown, cause: unknown): HearthError {
  const which = typeof name === 'string' ? `the name "${name}"` : 'the name'
  return new HearthError('name_taken', `${which} belongs to another machine that is still there`, {
    hint: 'Choose another name, or remove that machine first.',
    cause,
  })
}
