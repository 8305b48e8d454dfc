import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { isPostgres } from './dialect.ts'

/** Pools, and the machines in them that are nobody's yet. */
export const pools: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const id = sql.raw(isPostgres(db) ? 'text collate "C" primary key' : 'text primary key')
  await sql`create table pools (name ${id}, template text not null, version integer not null, driver text not null,
    resources text not null, settings text not null, state text not null, rollout text, created_at bigint not null,
    rev integer not null)`.execute(db)
  await sql`create table pool_entries (id ${id}, pool text not null, host text not null, state text not null,
    template text not null, driver text not null, resources text not null, snapshot text not null, canary integer not null,
    network text not null, machine_uuid text not null, token text not null, identified text, created_at bigint not null,
    ready_at bigint, rev integer not null)`.execute(db)
  await sql`create index pool_entries_host on pool_entries (host, created_at, id)`.execute(db)
}
