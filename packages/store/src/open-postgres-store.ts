import type { StateStore } from '@hearth/model'
import type { PostgresStoreOptions } from './postgres/open-postgres.ts'

/**
 * Opens (and brings up to date) the state store in a PostgreSQL database, 14 or newer, that several servers may share.
 * Its client is loaded here, where it is used. @throws HearthError `store_unavailable`, `invalid_input`, `internal`
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<StateStore> {
  const { openPostgres } = await import('./postgres/open-postgres.ts')
  return openPostgres(options)
}
