import { type Change, HearthError, type Table } from '@hearth/model'
import { type Columns, readRow, type SqlValue, writeFields } from './columns.ts'
import type { Database } from './database.ts'
import type { TableShape } from './tables.ts'

/** A table whose every change is one statement that holds only while the row is at the given `rev`. */
export interface CasTable<Row extends { readonly rev: number }, Id extends string> extends Table<Row, Id> {
  /** The rows whose fields equal `match`, oldest first. */
  where(match: Partial<Row>): Promise<Row[]>
}

/** Opens `shape` over `database`. */
export function casTable<Row extends { readonly rev: number; readonly createdAt: number }, Id extends string>(
  database: Database,
  shape: TableShape<Row>,
): CasTable<Row, Id> {
  const { table } = shape
  const columns: Columns<Row> = shape.columns
  const key = columns[shape.key].column
  const read = (stored: Record<string, SqlValue>): Row => readRow(columns, stored)

  async function rows(match: Partial<Row>): Promise<Row[]> {
    let query = database.sql.selectFrom(table).selectAll()
    for (const [column, value] of Object.entries(writeFields(columns, match))) query = query.where(column, '=', value)
    const found = await query.orderBy('created_at').orderBy(key).execute()
    return found.map(read)
  }

  async function missed(id: Id, rev: number): Promise<HearthError> {
    const [now] = await rows({ [shape.key]: id } as Partial<Row>)
    const state = now === undefined ? 'it is gone' : `it is at ${now.rev}`
    return new HearthError('store_conflict', `${table} ${id} was expected at revision ${rev}, but ${state}`, {
      details: { table, id, expectedRev: rev, ...(now && { rev: now.rev }) },
    })
  }

  function refused(error: unknown, id: unknown, fields: Partial<Row>): unknown {
    const rule = database.brokenRule(error)
    if (rule === 'duplicate_key') {
      return new HearthError('store_conflict', `${table} ${String(id)} exists already`, { details: { table, id }, cause: error })
    }
    if (rule === 'live_name') return nameTaken('name' in fields ? fields.name : undefined, error)
    return error
  }

  return {
    where: rows,
    list: () => rows({}),
    async insert(row) {
      const full = { ...row, rev: 1 } as Row
      try {
        await database.sql.insertInto(table).values(writeFields(columns, full)).execute()
      } catch (error) {
        throw refused(error, full[shape.key], full)
      }
      return readRow(columns, writeFields(columns, full))
    },
    async get(id) {
      const stored = await database.sql.selectFrom(table).selectAll().where(key, '=', id).executeTakeFirst()
      return stored && read(stored)
    },
    async update(id, rev, change: Change<Row>) {
      const fields = { ...change, rev: rev + 1 } as Partial<Row>
      let stored: Record<string, SqlValue> | undefined
      try {
        stored = await database.sql
          .updateTable(table)
          .set(writeFields(columns, fields))
          .where(key, '=', id)
          .where('rev', '=', rev)
          .returningAll()
          .executeTakeFirst()
      } catch (error) {
        throw refused(error, id, fields)
      }
      if (stored === undefined) throw await missed(id, rev)
      return read(stored)
    },
    async delete(id, rev) {
      const result = await database.sql.deleteFrom(table).where(key, '=', id).where('rev', '=', rev).executeTakeFirst()
      if (result.numDeletedRows === 0n) throw await missed(id, rev)
    },
  }
}

function nameTaken(name: unknown, cause: unknown): HearthError {
  const which = typeof name === 'string' ? `the name "${name}"` : 'the name'
  return new HearthError('name_taken', `${which} belongs to another machine that is still there`, {
    hint: 'Choose another name, or remove that machine first.',
    cause,
  })
}
