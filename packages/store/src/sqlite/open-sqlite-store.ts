import { HearthError, type Log, messageOf, type StateStore } from '@hearth/model'
import { migrate } from '../migrations/migrate.ts'
import { sqlStateStore } from '../state-store.ts'
import { connectSqlite } from './connection.ts'

export interface SqliteStoreOptions {
  /** The database file; made when it is not there. Its directory must exist. */
  readonly path: string
  readonly log: Log
}

/** Opens (and brings up to date) the state store in one file. @throws HearthError `internal` when the file cannot be used */
export async function openSqliteStore({ path, log }: SqliteStoreOptions): Promise<StateStore> {
  const durable = connect(path, 'full')
  try {
    await migrate(durable.sql, log)
    const fast = connect(path, 'normal')
    return sqlStateStore({ fast, durable }, async () => {
      await fast.close()
      await durable.close()
    })
  } catch (error) {
    await durable.close()
    throw error
  }
}

function connect(path: string, synchronous: 'normal' | 'full') {
  try {
    return connectSqlite(path, synchronous)
  } catch (error) {
    throw new HearthError('internal', `the state database ${path} cannot be opened: ${messageOf(error)}`, { cause: error })
  }
}
