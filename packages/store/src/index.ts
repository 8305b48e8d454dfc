export { type FileLock, takeFileLock } from './sqlite/file-lock.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/open-sqlite-store.ts'
