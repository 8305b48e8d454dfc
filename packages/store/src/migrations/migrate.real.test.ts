import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@hearth/model'
import { type Kysely, sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { connectSqlite } from '../sqlite/connection.ts'
import { migrate } from './migrate.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-migrate-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const fresh = () => connectSqlite(join(folder, `${files++}.db`), 'full').sql

const one = { up: (db: Kysely<unknown>) => db.schema.createTable('one').addColumn('a', 'text').execute() }
const broken = {
  async up(db: Kysely<unknown>) {
    await db.schema.createTable('two').addColumn('a', 'text').execute()
    await sql`this is not SQL`.execute(db)
  },
}
const tables = async <Tables>(db: Kysely<Tables>) =>
  (await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(db)).rows.map((row) => row.name)

it('does nothing the second time', async () => {
  const db = fresh()
  await migrate(db, silentLog)
  await migrate(db, silentLog)
  expect(await tables(db)).toEqual(expect.arrayContaining(['machines', 'machine_secrets', 'templates', 'snapshots']))
  await db.destroy()
})

it('leaves nothing of a step that fails, names it, and goes on when it is mended', async () => {
  const db = fresh()
  await expect(migrate(db, silentLog, { '0001-one': one, '0002-two': broken })).rejects.toMatchObject({
    code: 'internal',
    message: expect.stringContaining('0002-two'),
  })
  expect(await tables(db)).not.toContain('two')
  await migrate(db, silentLog, {
    '0001-one': one,
    '0002-two': { up: (db) => db.schema.createTable('two').addColumn('b', 'text').execute() },
  })
  expect(await tables(db)).toEqual(expect.arrayContaining(['one', 'two']))
  await db.destroy()
})

it('refuses a database of a newer version and says what to do', async () => {
  const db = fresh()
  await migrate(db, silentLog, { '0001-one': one, '0009-later': { up: async () => {} } })
  await expect(migrate(db, silentLog, { '0001-one': one })).rejects.toMatchObject({
    message: expect.stringContaining('newer Hearth (it has 0009-later)'),
    hint: expect.stringContaining('newer version'),
  })
  await db.destroy()
})
