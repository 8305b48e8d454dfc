import { HearthError, isHearthError, type Log, messageOf, type StateStore } from '@hearth/model'
import { sql } from 'kysely'
import { type EventNews, LocalNews } from '../event-news.ts'
import { migrate, migrationsFor } from '../migrations/migrate.ts'
import { sqlStateStore } from '../state-store.ts'
import { backUp } from './back-up.ts'
import { checkFile } from './check-file.ts'
import { allowCompacting, compactFile } from './compact-file.ts'
import { connectSqlite, type SqliteConnection } from './connection.ts'
import { refuseUnusable } from './refuse-unusable.ts'

export interface SqliteStoreOptions {
  /** The database file; made when it is not there. Its directory must exist. */
  readonly path: string
  /** The home of this server; what the first version of the database holds is its own. */
  readonly host: string
  readonly log: Log
}

/** Opens (and brings up to date) the state store in one file. @throws HearthError `internal` when the file cannot be used */
export async function openSqliteStore({ path, host, log }: SqliteStoreOptions): Promise<StateStore> {
  const news = new LocalNews()
  const durable = connect(path, 'full', news, refuseUnusable)
  try {
    await migrate(durable.sql, log, migrationsFor(host))
    allowCompacting(durable)
    const fast = connect(path, 'normal', news)
    return sqlStateStore(
      { fast, durable },
      {
        ping: async () => void (await fast.run(sql`select 1`.compile(fast.sql))),
        compact: () => compactFile(fast),
        backup: (file) => backUp(path, file),
        check: () => checkFile(fast),
        async close() {
          await news.close()
          await fast.close()
          await durable.close()
        },
      },
    )
  } catch (error) {
    await durable.close()
    throw error
  }
}

function connect(path: string, synchronous: 'normal' | 'full', news: EventNews, look?: (path: string) => void): SqliteConnection {
  try {
    look?.(path)
    return connectSqlite(path, synchronous, news)
  } catch (error) {
    if (isHearthError(error)) throw error
    throw new HearthError('internal', `the state database ${path} cannot be opened: ${messageOf(error)}`, {
      hint: 'It was left as it is. Check that the file and its folder may be written, and that it is a database of Hearth.',
      cause: error,
    })
  }
}
