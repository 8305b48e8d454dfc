import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { bareMachine, eventOf, fullMachine, idempotencyRow, machineId, snapshotRow } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'
import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { LocalNews } from '../event-news.ts'
import { migrate, migrationsFor } from '../migrations/migrate.ts'
import { sqlStateStore } from '../state-store.ts'
import { connectSqlite } from './connection.ts'
import { openSqliteStore } from './open-sqlite-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-faults-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const freshPath = () => join(folder, `${files++}.db`)
const open = (path: string) => openSqliteStore({ path, host: 'home-1', log: silentLog })

/** A database with `count` machines and as many snapshots. */
async function filled(count: number): Promise<string> {
  const path = freshPath()
  const store = await open(path)
  for (let n = 0; n < count; n++) await store.machines.insert(fullMachine(n), { event: eventOf(n) })
  for (let n = 0; n < count; n++) await store.snapshots.insert(snapshotRow(n))
  await store.close()
  return path
}

it('refuses a damaged file wherever the damage is, and leaves every byte of it as it was', async () => {
  const path = await filled(200)
  const whole = readFileSync(path)
  const pages = whole.length / 4096
  for (const page of [1, 5, Math.floor(pages / 2), pages - 2]) {
    const damaged = freshPath()
    const bytes = Buffer.from(whole)
    bytes.fill(0x5a, page * 4096, page * 4096 + 2048)
    writeFileSync(damaged, bytes)
    await expect(open(damaged), `page ${page}`).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining(damaged),
      hint: expect.stringContaining('left as it is'),
    })
    expect(readFileSync(damaged).equals(bytes)).toBe(true)
  }
})

it('refuses a file that was cut off', async () => {
  const path = await filled(50)
  truncateSync(path, statSync(path).size - 3 * 4096)
  const bytes = readFileSync(path)
  await expect(open(path)).rejects.toMatchObject({ message: expect.stringContaining(path) })
  expect(readFileSync(path).equals(bytes)).toBe(true)
})

it('refuses the database of another program, and takes an empty file', async () => {
  const path = freshPath()
  const foreign = new BetterSqlite(path)
  foreign.exec('create table invoices (n integer)')
  foreign.close()
  await expect(open(path)).rejects.toMatchObject({ message: expect.stringContaining('another program: it holds invoices') })
  const empty = freshPath()
  writeFileSync(empty, '')
  await (await open(empty)).close()
})

it('refuses a file it may not write, saying so', async () => {
  const path = await filled(1)
  chmodSync(folder, 0o755)
  chmodSync(path, 0o444)
  const bytes = readFileSync(path)
  const program = `
    import { silentLog } from ${JSON.stringify(import.meta.resolve('@hearth/model'))}
    import { openSqliteStore } from ${JSON.stringify(new URL('./open-sqlite-store.ts', import.meta.url).href)}
    if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534) }
    await openSqliteStore({ path: ${JSON.stringify(path)}, host: 'h', log: silentLog }).then(
      () => console.log('opened'), (error) => console.log(error.message))`
  const child = spawn(process.execPath, ['--conditions=hearth-source', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')])
  expect(said).toContain(`the state database ${path} cannot be opened`)
  expect(said).toMatch(/EACCES|readonly/)
  expect(readFileSync(path).equals(bytes)).toBe(true)
})

it('makes nothing of a change when the disk is full, says so, and goes on when there is room', async () => {
  const connection = connectSqlite(freshPath(), 'normal', new LocalNews())
  await migrate(connection.sql, silentLog, migrationsFor('home-1'))
  const store = sqlStateStore({ fast: connection, durable: connection }, {
    close: () => connection.close(),
  } as Parameters<typeof sqlStateStore>[1])
  const full = Number(connection.raw.pragma('page_count', { simple: true })) + 3
  connection.raw.pragma(`max_page_count = ${full}`)
  let made = 0
  const fill = async () => {
    for (; made < 1000; made++)
      await store.machines.insert(fullMachine(made), { event: eventOf(made), idempotency: idempotencyRow(made) })
  }
  await expect(fill()).rejects.toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('full') })
  const counted = { limit: 1000 }
  expect(await store.machines.list()).toHaveLength(made)
  expect(await store.events.after(0, counted)).toHaveLength(made)
  expect(await store.idempotency.list()).toHaveLength(made)
  connection.raw.pragma('max_page_count = 100000')
  await store.machines.insert(bareMachine(made))
  expect(await store.machines.get(machineId(made))).toBeDefined()
  await store.close()
})

it('gives space back after much was forgotten', async () => {
  const path = await filled(1500)
  const store = await open(path)
  for (const row of await store.machines.list()) await store.machines.update(row.id, row.rev, { state: 'stopped' })
  const before = statSync(path).size
  await store.machines.pruneEnded(Number.MAX_SAFE_INTEGER)
  await store.events.prune(Number.MAX_SAFE_INTEGER)
  await store.compact()
  expect(statSync(path).size).toBeLessThan(before * 0.7)
  expect((await store.check()).problems).toEqual([])
  await store.close()
  expect(statSync(path).size).toBeLessThan(before * 0.7)
})

it('copies one moment while others write, for its owner only', async () => {
  const path = await filled(400)
  const store = await open(path)
  let over = false
  let written = 0
  const writing = (async () => {
    for (; !over; written++) {
      await store.machines.insert(bareMachine(1000 + written), { event: eventOf(written), idempotency: idempotencyRow(written) })
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  await expect.poll(() => written).toBeGreaterThan(20)
  const before = written
  const copy = freshPath()
  await store.backup(copy)
  const after = written
  over = true
  await writing
  expect(after).toBeGreaterThan(before)
  expect(statSync(copy).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([])

  const restored = await open(copy)
  const { problems, rows } = await restored.check()
  expect(problems).toEqual([])
  expect(rows.machines).toBeGreaterThanOrEqual(400 + before)
  expect(rows.machines).toBeLessThanOrEqual(400 + after)
  // Each of these is written with the machine, or not at all.
  expect(rows).toMatchObject({ events: rows.machines, idempotency: (rows.machines ?? 0) - 400 })
  await restored.close()
  await expect(store.backup(join(folder, 'no', 'where'))).rejects.toMatchObject({ message: expect.stringContaining('no/where') })
  await store.close()
})

it('finds rows that cannot be read, and references to nothing', async () => {
  const path = await filled(3)
  const raw = connectSqlite(path, 'normal', new LocalNews())
  raw.raw.pragma('foreign_keys = OFF')
  await raw.run(sql`update machines set config = '{' where id = ${machineId(1)}`.compile(raw.sql))
  await raw.run(sql`update snapshots set manifest = null, state = 'ready' where id = 's-0000000000000002'`.compile(raw.sql))
  await raw.run(sql`insert into machine_secrets values ('m-gone', 't', '{}')`.compile(raw.sql))
  await raw.close()
  const store = await open(path)
  const { problems } = await store.check()
  expect(problems).toHaveLength(3)
  expect(problems.join('\n')).toMatch(/machines m-0{15}1: it cannot be read/)
  expect(problems.join('\n')).toMatch(/snapshots s-0{15}2: is ready and has no manifest/)
  expect(problems.join('\n')).toMatch(/machine_secrets has no row in machines/)
  await store.close()
})

it('takes a log that a killed process left beside the file', async () => {
  const path = await filled(10)
  const store = await open(path)
  await store.machines.insert(bareMachine(500))
  const copy = freshPath()
  for (const part of ['', '-wal']) copyFileSync(`${path}${part}`, `${copy}${part}`)
  await store.close()
  const second = await open(copy)
  expect(await second.machines.get(machineId(500))).toBeDefined()
  await second.close()
})
