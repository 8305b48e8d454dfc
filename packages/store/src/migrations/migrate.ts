import { HearthError, type Log, messageOf } from '@hearth/model'
import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { firstLight } from './0001-first-light.ts'
import { theServer } from './0002-the-server.ts'
import { pools } from './0003-pools.ts'
import { servers } from './0004-servers.ts'

/** In order; a released one is never changed, and there is no way back. `host`: whose the rows are that name none. */
export function migrationsFor(host: string): Readonly<Record<string, Migration>> {
  return {
    '0001-first-light': firstLight,
    '0002-the-server': theServer(host),
    '0003-pools': pools,
    '0004-servers': servers,
  }
}

/**
 * Brings the database to this version's form, each step whole or not at all; several servers may do so at once.
 * @throws HearthError `internal` saying why not
 */
export async function migrate<Tables>(db: Kysely<Tables>, log: Log, known: Readonly<Record<string, Migration>>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...known }) } })
  const { error, results = [] } = await migrator.migrateToLatest()
  for (const step of results) log.info('store.migrated', { migration: step.migrationName, status: step.status })
  if (error === undefined) return
  const failed = results.find((step) => step.status === 'Error')?.migrationName
  throw failed === undefined ? await unusable(db, known, error) : stuck(failed, error)
}

function stuck(migration: string, cause: unknown): HearthError {
  return new HearthError('internal', `${migration} of the state database did not work: ${messageOf(cause)}`, { cause })
}

async function unusable<Tables>(
  db: Kysely<Tables>,
  known: Readonly<Record<string, Migration>>,
  cause: unknown,
): Promise<HearthError> {
  const done = await sql<{ name: string }>`select name from kysely_migration order by name`
    .execute(db)
    .catch(() => ({ rows: [] }))
  const foreign = done.rows.map((row) => row.name).filter((name) => known[name] === undefined)
  if (foreign.length === 0) {
    return new HearthError('internal', `the state database cannot be used: ${messageOf(cause)}`, { cause })
  }
  return new HearthError('internal', `the state database was written by a newer Hearth (it has ${foreign.join(', ')})`, {
    hint: 'Start that newer version; there is no way back.',
    cause,
  })
}
