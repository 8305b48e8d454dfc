import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Templates, machines with their secrets apart, snapshots. */
export const firstLight: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('templates')
    .addColumn('ref', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('failure', 'text')
    .addColumn('spec', 'text', (column) => column.notNull())
    .addColumn('content_digest', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('rev', 'integer', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('templates_name').on('templates').columns(['name', 'version']).unique().execute()

  await createMachines(db)

  await db.schema
    .createTable('snapshots')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('failure', 'text')
    .addColumn('template', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('parent', 'text')
    .addColumn('tag', 'text')
    .addColumn('manifest', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('rev', 'integer', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('snapshots_template').on('snapshots').column('template').execute()
}

async function createMachines(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('machines')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('failure', 'text')
    .addColumn('driver', 'text', (column) => column.notNull())
    .addColumn('template', 'text', (column) => column.notNull())
    .addColumn('resources', 'text', (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('network', 'text', (column) => column.notNull())
    .addColumn('machine_uuid', 'text', (column) => column.notNull())
    .addColumn('hostname', 'text', (column) => column.notNull())
    .addColumn('boot', 'text')
    .addColumn('receipt', 'text')
    .addColumn('restored_from', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addColumn('rev', 'integer', (column) => column.notNull())
    .execute()
  // A name belongs to one machine at a time; those that have ended keep theirs as history.
  await sql`create unique index machines_live_name on machines (name)
            where state in ('starting', 'running', 'paused', 'stopping')`.execute(db)

  await db.schema
    .createTable('machine_secrets')
    .addColumn('machine', 'text', (column) => column.primaryKey().references('machines.id').onDelete('cascade'))
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('secrets', 'text', (column) => column.notNull())
    .execute()
}
