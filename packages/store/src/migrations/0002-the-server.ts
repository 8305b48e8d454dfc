import { defaultSnapshotTtlMs, namespaceDefaults } from '@hearth/model'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { isPostgres } from './dialect.ts'

/**
 * Namespaces, keys, events, idempotency records, the audit log and leases; machines, snapshots and templates of several
 * homes side by side. What the first version wrote belongs to `host`, the home it was written in.
 */
export function theServer(host: string): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const postgres = isPostgres(db)
      await run(db, postgres ? bytewiseOrder : [])
      await run(db, newColumns(host))
      if (!postgres) await run(db, ofTheFirstVersion)
      await run(db, indexes)
      await run(db, newTables(postgres))
      await run(db, [defaultNamespaceRow(postgres)])
    },
  }
}

async function run(db: Kysely<unknown>, statements: readonly RawBuilder<unknown>[]): Promise<void> {
  for (const statement of statements) await statement.execute(db)
}

/** Ids come in the same order as in SQLite and in JavaScript, whatever the database's language. */
const bytewiseOrder = ['machines.id', 'snapshots.id', 'templates.ref', 'templates.name', 'machine_secrets.machine'].map(
  (place) => {
    const [table = '', column = ''] = place.split('.')
    return sql`alter table ${sql.table(table)} alter column ${sql.ref(column)} type text collate "C"`
  },
)

function newColumns(host: string): RawBuilder<unknown>[] {
  const mine = sql.lit(host)
  const here = sql.lit('default')
  return [
    sql`alter table templates add column driver text not null default 'qemu'`,
    sql`alter table templates add column host text not null default ${mine}`,
    sql`alter table machines add column namespace text not null default ${here}`,
    sql`alter table machines add column host text not null default ${mine}`,
    sql`alter table machines add column deadline_at bigint`,
    sql`alter table machines add column live integer not null default 0`,
    sql`alter table machines add column labels text not null default ''`,
    sql`alter table machines add column template_name text not null default ''`,
    sql`alter table snapshots add column namespace text not null default ${here}`,
    sql`alter table snapshots add column host text not null default ${mine}`,
    sql`alter table snapshots add column labels text not null default ''`,
    sql`alter table snapshots add column ttl_ms bigint not null default 0`,
    sql`alter table snapshots add column pinned integer not null default 0`,
    sql`alter table snapshots add column size_bytes bigint`,
    sql`alter table snapshots add column verified_at bigint`,
    sql`alter table snapshots add column changed_blocks text`,
    sql`alter table snapshots add column template_name text not null default ''`,
  ]
}

/** The first version knew SQLite only. */
const ofTheFirstVersion = [
  sql`update machines set
        template_name = substr(template, 1, instr(template, '@') - 1),
        live = state in ('starting', 'running', 'paused', 'stopping'),
        deadline_at = created_at + json_extract(config, '$.timeoutMs'),
        labels = (select coalesce(char(10) || group_concat(json_array(key, value), char(10)) || char(10), '')
                  from json_each(config, '$.labels'))`,
  sql`update snapshots set
        template_name = substr(template, 1, instr(template, '@') - 1),
        ttl_ms = case kind when 'user' then ${sql.lit(defaultSnapshotTtlMs)} else 0 end,
        size_bytes = (select sum(json_extract(value, '$.sizeBytes')) from json_each(manifest, '$.artifacts')),
        changed_blocks = json_extract(manifest, '$.layers.memory.changedBlocks'),
        manifest = json_remove(manifest, '$.layers.memory.changedBlocks')`,
]

const indexes = [
  sql`drop index machines_live_name`,
  sql`create unique index machines_live_name on machines (namespace, name) where live = 1`,
  sql`create index machines_live on machines (live, namespace, created_at, id) where live = 1`,
  sql`create index machines_here on machines (live, host, created_at, id) where live = 1`,
  sql`create index machines_page on machines (namespace, created_at, id)`,
  sql`create index machines_age on machines (created_at, id)`,
  sql`create index machines_count on machines (host, state)`,
  sql`create index machines_ended on machines (ended_at) where live = 0`,
  sql`create index machines_restored on machines (restored_from) where restored_from is not null`,
  sql`create index snapshots_page on snapshots (namespace, created_at, id)`,
  sql`create index snapshots_age on snapshots (created_at, id)`,
  sql`create index snapshots_source on snapshots (source, created_at, id)`,
  sql`create index snapshots_parent on snapshots (parent) where parent is not null`,
  sql`create index snapshots_usage on snapshots (namespace, kind, state, size_bytes)`,
  sql`create index snapshots_count on snapshots (host, kind, state, size_bytes)`,
  sql`drop index snapshots_template`,
  sql`create index snapshots_template on snapshots (template, kind)`,
]

function newTables(postgres: boolean): RawBuilder<unknown>[] {
  const id = sql.raw(postgres ? 'text collate "C" primary key' : 'text primary key')
  const counted = sql.raw(postgres ? 'bigint generated always as identity primary key' : 'integer primary key')
  return [
    sql`create table namespaces (name ${id}, labels text not null, snapshot_limit bigint not null, snapshot_bytes_limit bigint,
          keep_last bigint, created_at bigint not null, rev integer not null)`,
    sql`create table access_keys (id ${id}, name text not null, prefix text not null, hash text not null unique,
          scope text not null, namespaces text not null, requests_per_minute bigint, created_at bigint not null,
          expires_at bigint, revoked_at bigint, last_used_at bigint, rotated_to text, rev integer not null)`,
    sql`create table idempotency (id ${id}, fingerprint text not null, state text not null, resource text, host text not null,
          status integer, answer text, created_at bigint not null, rev integer not null)`,
    sql`create index idempotency_pending on idempotency (host) where state = 'pending'`,
    sql`create index idempotency_age on idempotency (created_at)`,
    sql`create table events (seq ${counted}, at bigint not null, kind text not null, id text not null, namespace text,
          state text not null, removed integer not null, data text not null)`,
    sql`create index events_age on events (at)`,
    sql`create table audit (seq ${counted}, at bigint not null, key_id text, method text not null, path text not null,
          namespace text, status integer not null, request_id text not null)`,
    sql`create index audit_age on audit (at)`,
    sql`create table leases (name ${id}, owner text not null, until_ms bigint not null, generation bigint not null)`,
  ]
}

function defaultNamespaceRow(postgres: boolean): RawBuilder<unknown> {
  const now = sql.raw(postgres ? '(extract(epoch from now()) * 1000)::bigint' : `unixepoch('now') * 1000`)
  return sql`insert into namespaces (name, labels, snapshot_limit, created_at, rev)
             values ('default', '', ${sql.lit(namespaceDefaults.snapshotLimit)}, ${now}, 1)`
}
