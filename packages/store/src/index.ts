export { openPostgresStore } from './open-postgres-store.ts'
export type { PostgresStoreOptions } from './postgres/open-postgres.ts'
export { type FileLock, takeFileLock } from './sqlite/file-lock.ts'
export { openSqliteStore, type SqliteStoreOptions } from './sqlite/open-sqlite-store.ts'
