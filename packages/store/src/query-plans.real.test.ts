import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MachineFilter, type SnapshotFilter, silentLog } from '@hearth/model'
import type { CompiledQuery } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Database } from './database.ts'
import { inWords } from './database.ts'
import { LocalNews } from './event-news.ts'
import { migrate, migrationsFor } from './migrations/migrate.ts'
import { connectSqlite, type SqliteConnection } from './sqlite/connection.ts'
import { sqlStateStore, type Upkeep } from './state-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-plans-'))
let connection: SqliteConnection
beforeAll(async () => {
  connection = connectSqlite(join(folder, 'plans.db'), 'normal', new LocalNews())
  await migrate(connection.sql, silentLog, migrationsFor('home-1'))
})
afterAll(async () => {
  await connection.close()
  rmSync(folder, { recursive: true })
})

/** What SQLite would do for each statement that `ask` runs. */
async function planOf(ask: (store: ReturnType<typeof sqlStateStore>) => Promise<unknown>): Promise<string> {
  const plans: string[] = []
  const explain = ({ sql, parameters }: CompiledQuery) => {
    const rows = connection.raw.prepare(`explain query plan ${sql}`).all(parameters) as { detail: string }[]
    plans.push(...rows.map((row) => row.detail))
  }
  const watched: Database = {
    ...connection,
    run: async (query) => {
      explain(inWords(query))
      return connection.run(query)
    },
    commit: async (steps) => {
      for (const { query } of steps) explain(inWords(query))
      return connection.commit(steps)
    },
  }
  await ask(sqlStateStore({ fast: watched, durable: watched }, {} as Upkeep))
  return plans.join('\n')
}

const machinePages: readonly (readonly [string, MachineFilter])[] = [
  ['machines_page', { namespace: 'default' as never }],
  ['machines_live', { namespace: 'default' as never, states: ['running', 'paused'] }],
  ['machines_restored', { restoredFrom: 's-1' as never }],
  ['machines_age', {}],
]
it.each(machinePages)('reads a page of machines along %s', async (index, filter) => {
  const first = await planOf((store) => store.machines.page(filter, { limit: 100 }))
  const cursor = Buffer.from('1795400000000.m-0000000000000001').toString('base64url')
  const later = await planOf((store) => store.machines.page(filter, { limit: 100, cursor }))
  for (const plan of [first, later]) expect(plan).toContain(`USING INDEX ${index}`)
  if (index !== 'machines_restored') expect(`${first}${later}`).not.toContain('B-TREE')
})

const snapshotPages: readonly (readonly [string, SnapshotFilter])[] = [
  ['snapshots_page', { namespace: 'default' as never }],
  ['snapshots_source', { source: 'm-1' as never }],
  ['snapshots_parent', { parent: 's-1' as never }],
  ['snapshots_age', {}],
]
it.each(snapshotPages)('reads a page of snapshots along %s', async (index, filter) => {
  const plan = await planOf((store) => store.snapshots.page(filter, { limit: 100 }))
  expect(plan).toContain(`USING INDEX ${index}`)
  if (index !== 'snapshots_parent') expect(plan).not.toContain('B-TREE')
})

it('touches on the way of a launch, a list and a clean-up only rows that it needs', async () => {
  const plans = await Promise.all([
    planOf((store) => store.machines.byName('default' as never, 'web' as never)),
    planOf((store) => store.machines.live({ namespace: 'default' as never })),
    planOf((store) => store.machines.live({ host: 'home-1' })),
    planOf((store) => store.machines.countByState('home-1')),
    planOf((store) => store.machines.pruneEnded(1)),
    planOf((store) => store.templates.versions('base' as never)),
    planOf((store) => store.snapshots.byTemplate('base@1' as never, 'template')),
    planOf((store) => store.snapshots.children('s-1' as never)),
    planOf((store) => store.snapshots.usage('default' as never)),
    planOf((store) => store.snapshots.countByState('home-1')),
    planOf((store) => store.keys.byHash('f')),
    planOf((store) => store.idempotency.pending('home-1')),
    planOf((store) => store.idempotency.prune(1)),
    planOf((store) => store.events.after(1, { limit: 10 })),
    planOf((store) => store.events.prune(1)),
    planOf((store) => store.audit.prune(1)),
  ])
  for (const plan of plans) {
    expect(plan).toContain('SEARCH')
    expect(plan).not.toMatch(/SCAN \w+$/m)
  }
  expect(plans[0]).toContain('machines_live_name')
  expect(plans[1]).toContain('machines_live')
  expect(plans[2]).toContain('machines_here')
  expect(plans[8]).toContain('COVERING INDEX')
})
