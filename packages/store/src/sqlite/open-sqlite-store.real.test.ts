import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bareMachine, describeStore, machineId, snapshotId, snapshotRow } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'
import { afterAll, expect, it } from 'vitest'
import { LocalNews } from '../event-news.ts'
import { openSqliteStore } from './open-sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-store-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const freshPath = () => join(folder, `${files++}.db`)
const open = (path: string) => openSqliteStore({ path, host: 'home-1', log: silentLog })

describeStore('sqlite', () => open(freshPath()))

it('finds everything again after it was closed', async () => {
  const path = freshPath()
  const first = await open(path)
  await first.machines.insert(bareMachine(1))
  await first.machines.putSecrets(machineId(1), { token: 't', secrets: { A: 'b' } })
  await first.snapshots.insert(snapshotRow(1))
  await first.close()

  const second = await open(path)
  expect(await second.machines.get(machineId(1))).toEqual({ ...bareMachine(1), rev: 1 })
  expect(await second.machines.getSecrets(machineId(1))).toEqual({ token: 't', secrets: { A: 'b' } })
  expect(await second.snapshots.get(snapshotId(1))).toBeDefined()
  await second.close()
})

it('is readable for its owner only, with the files SQLite puts beside it', async () => {
  const path = freshPath()
  const store = await open(path)
  await store.machines.insert(bareMachine(1))
  for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777, file).toBe(0o600)
  await store.close()
})

it('overwrites deleted secrets in the file', async () => {
  const path = freshPath()
  const store = await open(path)
  await store.machines.insert(bareMachine(1))
  await store.machines.putSecrets(machineId(1), { token: 't', secrets: { A: 'a-very-secret-value' } })
  await store.machines.deleteSecrets(machineId(1))
  await store.close()
  const raw = new BetterSqlite(path, { readonly: true })
  expect(raw.serialize().includes('a-very-secret-value')).toBe(false)
  raw.close()
})

it('syncs machines less than templates and snapshots, and keeps foreign keys', async () => {
  const { connectSqlite } = await import('./connection.ts')
  const { sql } = await import('kysely')
  for (const [mode, level] of [
    ['normal', 1],
    ['full', 2],
  ] as const) {
    const db = connectSqlite(freshPath(), mode, new LocalNews()).sql
    expect((await sql<{ synchronous: number }>`pragma synchronous`.execute(db)).rows).toEqual([{ synchronous: level }])
    expect((await sql<{ foreign_keys: number }>`pragma foreign_keys`.execute(db)).rows).toEqual([{ foreign_keys: 1 }])
    expect((await sql<{ journal_mode: string }>`pragma journal_mode`.execute(db)).rows).toEqual([{ journal_mode: 'wal' }])
    await db.destroy()
  }
})

it('refuses a file that is no database, and a place where none can be, saying so', async () => {
  const path = freshPath()
  writeFileSync(path, 'this is not a database at all, but quite long enough to be read as one'.repeat(20))
  await expect(open(path)).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining(path) })
  await expect(open(join(folder, 'nowhere', 'x.db'))).rejects.toMatchObject({
    message: expect.stringContaining('cannot be opened'),
  })
})

it('closes every file, also on connections that were never asked anything', async () => {
  const path = freshPath()
  await (await open(path)).close()
  const left = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith(path))
  expect(left).toEqual([])
  expect(existsSync(`${path}-wal`)).toBe(false)
})

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return '' // The descriptor of the listing itself is closed by now.
  }
}
