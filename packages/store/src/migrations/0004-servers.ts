import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { isPostgres } from './dialect.ts'

/** The servers that share the state, each with its heartbeat. */
export const servers: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const host = sql.raw(isPostgres(db) ? 'text collate "C" primary key' : 'text primary key')
  await sql`create table servers (host ${host}, url text, socket text not null, computer text not null, secret text not null,
    started_at bigint not null, until_ms bigint not null)`.execute(db)
}
