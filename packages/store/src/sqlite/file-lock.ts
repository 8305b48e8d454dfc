import { HearthError, messageOf } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'

/** Held until released, or until this process ends, however it ends. */
export interface FileLock {
  release(): void
}

/** Kept here because a database that nobody refers to is closed, and the lock with it. */
const held = new Set<BetterSqlite.Database>()

/**
 * Takes an exclusive lock that spans processes, or gives nothing when somebody has it. The file at `path` is made for it and
 * used for nothing else. @throws HearthError `internal` when it cannot be used
 */
export function takeFileLock(path: string): FileLock | undefined {
  let file: BetterSqlite.Database | undefined
  try {
    file = new BetterSqlite(path, { timeout: 0 })
    // A transaction that is never finished: SQLite holds POSIX locks for it, which the kernel drops with the process.
    file.exec('BEGIN EXCLUSIVE')
    const lock = file
    held.add(lock)
    return {
      release() {
        held.delete(lock)
        lock.close()
      },
    }
  } catch (error) {
    file?.close()
    if (error instanceof BetterSqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return undefined
    throw new HearthError('internal', `${path} cannot be locked: ${messageOf(error)}`, { cause: error })
  }
}
