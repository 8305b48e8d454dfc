import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareMachine, machineId, snapshotId, snapshotRow, templateRow } from '@hearth/conformance'
import { defaultSnapshotTtlMs, type MachineFilter, silentLog } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'
import { type Kysely, sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { LocalNews } from '../event-news.ts'
import { connectSqlite } from '../sqlite/connection.ts'
import { openSqliteStore } from '../sqlite/open-sqlite-store.ts'
import { migrate, migrationsFor } from './migrate.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-migrate-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const fresh = () => connectSqlite(join(folder, `${files++}.db`), 'full', new LocalNews()).sql

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
  await migrate(db, silentLog, migrationsFor('home-1'))
  await migrate(db, silentLog, migrationsFor('home-1'))
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

it('gives what the first version wrote its home, namespace, labels, sizes and deadlines, and loses nothing', async () => {
  const connection = connectSqlite(join(folder, `${files++}.db`), 'full', new LocalNews())
  const db = connection.sql
  const [first, ...later] = Object.entries(migrationsFor('home-7'))
  await migrate(db, silentLog, Object.fromEntries(first ? [first] : []))
  const { namespace: _, host: __, deadlineAt: ___, ...machine } = { ...bareMachine(1), deadlineAt: 0 }
  const config = { ...machine.config, labels: { team: 'a "b"', 'ü\n': '' }, timeoutMs: 60_000 }
  await db
    .insertInto('machines')
    .values(firstForm({ ...machine, config, rev: 7 }))
    .execute()
  const { sizeBytes, ttlMs, pinned, labels, namespace, host, ...snapshot } = snapshotRow(1)
  await db
    .insertInto('snapshots')
    .values(firstForm({ ...snapshot, rev: 3 }))
    .execute()
  const { driver, host: _host, ...template } = templateRow('base', 1)
  await db
    .insertInto('templates')
    .values(firstForm({ ...template, rev: 2 }))
    .execute()
  await connection.close()
  expect(later).not.toEqual([])

  const store = await openSqliteStore({ path: connection.raw.name, host: 'home-7', log: silentLog })
  const here = { namespace: 'default', host: 'home-7' }
  expect(await store.machines.get(machineId(1))).toEqual({
    ...machine,
    ...here,
    config,
    deadlineAt: machine.createdAt + 60_000,
    rev: 7,
  })
  const filters: MachineFilter[] = [{ labels: { team: 'a "b"' } }, { labels: { 'ü\n': '' } }, { template: 'base' }]
  for (const filter of filters) {
    expect((await store.machines.page(filter, { limit: 1 })).items).toHaveLength(1)
  }
  expect(await store.snapshots.get(snapshotId(1))).toEqual({
    ...snapshot,
    ...here,
    labels: {},
    ttlMs: defaultSnapshotTtlMs,
    pinned: false,
    sizeBytes: 2 ** 40,
    rev: 3,
  })
  expect(await store.templates.list()).toEqual([{ ...template, driver: 'qemu', host: 'home-7', rev: 2 }])
  expect((await store.namespaces.list()).map((row) => row.name)).toEqual(['default'])
  expect((await store.check()).problems).toEqual([])
  await store.close()
})

it('lets a file of the first version give space back', async () => {
  const path = join(folder, `${files++}.db`)
  const first = new BetterSqlite(path)
  first.pragma('auto_vacuum = NONE')
  first.pragma('journal_mode = WAL')
  first.exec('create table made_without_it (a); drop table made_without_it')
  expect(first.pragma('auto_vacuum', { simple: true })).toBe(0)
  first.close()
  await (await openSqliteStore({ path, host: 'home-1', log: silentLog })).close()
  const later = new BetterSqlite(path, { readonly: true })
  expect(later.pragma('auto_vacuum', { simple: true })).toBe(2)
  expect(later.pragma('integrity_check', { simple: true })).toBe('ok')
  later.close()
})

/** A row as the first version kept it: a column of the same name for every field, objects as JSON. */
function firstForm(row: object): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [
      field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      typeof value === 'object' ? JSON.stringify(value) : value,
    ]),
  )
}
