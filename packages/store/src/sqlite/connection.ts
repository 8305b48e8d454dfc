import { closeSync, openSync } from 'node:fs'
import BetterSqlite from 'better-sqlite3'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'
import type { AnyTables, Database } from '../database.ts'

/** How long to wait for another process that is writing, in milliseconds. */
const busyTimeoutMs = 5000
const maxStatements = 200

/**
 * Opens one connection. `normal`: a commit survives `kill -9`; `full`: also a power cut, at the price of an fsync
 * (p99 of 49 ms beside a heavy writer, against 0.3 ms).
 */
export function connectSqlite(path: string, synchronous: 'normal' | 'full'): Database {
  // Made by us first, so that it and the files SQLite puts beside it are readable for the owner only.
  closeSync(openSync(path, 'a', 0o600))
  const connection = new BetterSqlite(path)
  connection.pragma(`busy_timeout = ${busyTimeoutMs}`)
  connection.pragma('journal_mode = WAL')
  connection.pragma(`synchronous = ${synchronous}`)
  connection.pragma('foreign_keys = ON')
  connection.pragma('secure_delete = ON')
  const database = { prepare: remembered(connection), close: () => connection.close() }
  const sql = new Kysely<AnyTables>({ dialect: new TransactionalSqlite({ database }) })
  const close = async () => {
    await sql.destroy()
    // Kysely does not close what it never asked.
    connection.close()
  }
  return { sql, brokenRule, close }
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

function brokenRule(error: unknown): ReturnType<Database['brokenRule']> {
  if (!(error instanceof BetterSqlite.SqliteError)) return undefined
  if (error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY') return 'duplicate_key'
  if (error.code !== 'SQLITE_CONSTRAINT_UNIQUE') return undefined
  return error.message.includes('machines.name') ? 'live_name' : 'duplicate_key'
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
