import { closeSync, openSync } from 'node:fs'
import { HearthError, isHearthError, messageOf } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import type { Stored } from '../columns.ts'
import { type AnyTables, type BrokenRule, type Database, inWords, type Outcome, type Query, type Step } from '../database.ts'
import type { EventNews } from '../event-news.ts'

/** How long to wait for another process that is writing, in milliseconds. */
const busyTimeoutMs = 5000
const maxStatements = 200

/** A database of one file; `raw` is for what only SQLite has. */
export interface SqliteConnection extends Database {
  readonly raw: BetterSqlite.Database
}

/**
 * Opens one connection. `normal`: a commit survives `kill -9`; `full`: also a power cut, at the price of an fsync
 * (p99 of 49 ms beside a heavy writer, against 0.3 ms).
 */
export function connectSqlite(path: string, synchronous: 'normal' | 'full', news: EventNews): SqliteConnection {
  // Made by us first, so that it and the files SQLite puts beside it are readable for the owner only.
  closeSync(openSync(path, 'a', 0o600))
  const raw = new BetterSqlite(path)
  raw.pragma(`busy_timeout = ${busyTimeoutMs}`)
  // Holds for a new file only; see compact.
  raw.pragma('auto_vacuum = INCREMENTAL')
  raw.pragma('journal_mode = WAL')
  raw.pragma(`synchronous = ${synchronous}`)
  raw.pragma('foreign_keys = ON')
  raw.pragma('secure_delete = ON')
  const prepare = remembered(raw)
  const sql = new Kysely<AnyTables>({ dialect: new TransactionalSqlite({ database: { prepare, close: () => raw.close() } }) })
  return {
    raw,
    sql,
    news,
    position: 'instr',
    run: async (query) => execute(prepare, query),
    commit: async (steps) => commitSteps(raw, prepare, steps),
    async close() {
      await sql.destroy()
      // Kysely does not close what it never asked.
      raw.close()
    },
  }
}

/** Statements are compiled once: that is most of the time of a small query. There are a few dozen of them. */
function remembered(connection: BetterSqlite.Database): SqliteDatabase['prepare'] {
  const statements = new Map<string, SqliteStatement>()
  return (text) => {
    const known = statements.get(text)
    if (known !== undefined) return known
    if (statements.size >= maxStatements) statements.clear()
    const statement = connection.prepare(text) as SqliteStatement
    statements.set(text, statement)
    return statement
  }
}

/** @throws HearthError `store_unavailable` when the file does not answer, for want of space for instance */
function execute(prepare: SqliteDatabase['prepare'], query: Query): readonly Stored[] {
  const { sql, parameters } = inWords(query)
  try {
    const statement = prepare(sql)
    if (statement.reader) return statement.all(parameters) as Stored[]
    statement.run(parameters)
    return []
  } catch (error) {
    if (brokenRule(error)) throw error
    throw unavailable(error)
  }
}

/**
 * In one go, without giving way: a transaction that waited for something would hold up the other connection of this process,
 * and that one waits in a way that stops the whole process.
 */
function commitSteps(raw: BetterSqlite.Database, prepare: SqliteDatabase['prepare'], steps: readonly Step[]): Outcome {
  const rows: (readonly Stored[])[] = []
  const all = () => {
    for (const { query, mustTouch } of steps) {
      const touched = execute(prepare, query)
      if (mustTouch && touched.length === 0) throw new NothingTouched()
      rows.push(touched)
    }
  }
  try {
    if (steps.length === 1) all()
    else raw.transaction(all).immediate()
    return { rows }
  } catch (error) {
    const rule = error instanceof NothingTouched ? 'no_row' : brokenRule(error)
    if (rule !== undefined) return { refused: rows.length, rule, cause: error }
    throw unavailable(error)
  }
}

class NothingTouched extends Error {}

function brokenRule(error: unknown): BrokenRule | undefined {
  if (!(error instanceof BetterSqlite.SqliteError)) return undefined
  if (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 'duplicate_key'
  if (error.code === 'SQLITE_CONSTRAINT_FOREIGNKEY') return 'missing_parent'
  if (error.code !== 'SQLITE_CONSTRAINT_UNIQUE') return undefined
  return error.message.includes('machines.name') ? 'live_name' : 'duplicate_key'
}

const transient = [
  'SQLITE_BUSY',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_LOCKED',
  'SQLITE_READONLY',
  'SQLITE_CANTOPEN',
  'SQLITE_CORRUPT',
]

function unavailable(error: unknown): unknown {
  if (isHearthError(error) || !(error instanceof BetterSqlite.SqliteError)) return error
  const { code } = error
  if (!transient.some((known) => code.startsWith(known))) return error
  return new HearthError('store_unavailable', `the state database does not answer: ${messageOf(error)} (${code})`, {
    cause: error,
  })
}

/** SQLite's DDL is transactional; Kysely must know, or a failed migration stays half done. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

class TransactionalSqlite extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}
