import { HearthError, isHearthError, type Log, type StateStore } from '@hearth/model'
import { sql } from 'kysely'
import { checkRows } from '../check-rows.ts'
import type { Database } from '../database.ts'
import { migrate, migrationsFor } from '../migrations/migrate.ts'
import { sqlStateStore } from '../state-store.ts'
import { connectPostgres } from './connection.ts'
import { unavailable, wordsOf } from './lost.ts'

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`, as libpq reads it. */
  readonly url: string
  /** The home of this server; others may share the database. */
  readonly host: string
  readonly log: Log
}

/** As `openPostgresStore`. */
export async function openPostgres({ url, host, log }: PostgresStoreOptions): Promise<StateStore> {
  const database = connect(url, log)
  try {
    await migrate(database.sql, log, migrationsFor(host)).catch((error: unknown) => {
      throw isHearthError(error) ? lostBelow(error) : unavailable(error)
    })
  } catch (error) {
    await database.close()
    throw isHearthError(error, 'store_unavailable') ? unreachable(url, error) : error
  }
  return sqlStateStore(
    { fast: database, durable: database },
    {
      ping: async () => void (await database.run(sql`select 1`.compile(database.sql))),
      // PostgreSQL does it by itself (autovacuum).
      compact: async () => undefined,
      async backup() {
        throw new HearthError('state_conflict', 'the state is in PostgreSQL, which has its own tool for copies', {
          hint: 'Use pg_dump, which copies one moment while everything goes on, and pg_restore.',
        })
      },
      check: () => checkRows(database),
      close: () => database.close(),
    },
  )
}

function connect(url: string, log: Log): Database {
  if (URL.canParse(url) && /^postgres(ql)?:$/.test(new URL(url).protocol)) return connectPostgres(url, log)
  // Not shown: there may be a password in it.
  throw new HearthError('invalid_input', 'database: it is no address of PostgreSQL; postgres://USER:PASSWORD@HOST:PORT/DATABASE')
}

/** A migration reports what stopped it in its own words; a lost connection is still a lost connection. */
function lostBelow(error: HearthError): unknown {
  const below = unavailable(error.cause)
  return isHearthError(below, 'store_unavailable') ? below : error
}

function unreachable(url: string, error: HearthError): HearthError {
  const shown = new URL(url)
  shown.password = ''
  shown.search = ''
  return new HearthError('store_unavailable', `the state database ${shown} cannot be used: ${wordsOf(error.cause ?? error)}`, {
    hint: 'Check that PostgreSQL runs there and takes this user; its log says more.',
    cause: error,
  })
}
