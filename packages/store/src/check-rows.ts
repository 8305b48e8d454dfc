import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ConsistencyReport, messageOf } from '@hearth/model'
import { sql } from 'kysely'
import { type Columns, readRow, type Stored } from './columns.ts'
import type { Database } from './database.ts'
import {
  idempotencyTable,
  keyTable,
  machineTable,
  namespaceTable,
  snapshotTable,
  type TableShape,
  templateTable,
} from './tables.ts'

const stepRows = 200
const mostProblems = 100

/** Reads every row once, as its users do, and looks for what cannot be. */
export async function checkRows(database: Database): Promise<ConsistencyReport> {
  const problems: string[] = []
  const rows = {
    namespaces: await readAll(database, namespaceTable, problems),
    templates: await readAll(database, templateTable, problems),
    machines: await readAll(database, machineTable, problems),
    snapshots: await readAll(database, snapshotTable, problems, ({ state, manifest }) =>
      state === 'ready' && manifest === undefined ? 'is ready and has no manifest' : undefined,
    ),
    access_keys: await readAll(database, keyTable, problems),
    idempotency: await readAll(database, idempotencyTable, problems),
    events: await count(database, 'events'),
    audit: await count(database, 'audit'),
    leases: await count(database, 'leases'),
    servers: await count(database, 'servers'),
  }
  return { problems: problems.slice(0, mostProblems), rows }
}

async function count(database: Database, table: string): Promise<number> {
  const [counted] = await database.run(database.sql.selectFrom(table).select(sql<number>`count(*)`.as('n')))
  return Number(counted?.n)
}

/** Goes through a table in steps, in the order of its key; gives the number of rows. */
async function readAll<Row>(
  database: Database,
  shape: TableShape<Row>,
  problems: string[],
  wrong: (row: Row) => string | undefined = () => undefined,
): Promise<number> {
  const columns: Columns<Row> = shape.columns
  const key = columns[shape.key].column
  for (let total = 0, behind = ''; ; await nextTurn()) {
    const select = database.sql.selectFrom(shape.table).selectAll().where(key, '>', behind).orderBy(key).limit(stepRows)
    const stored = await database.run(select)
    for (const row of stored) {
      behind = String(row[key])
      const problem = readProblem(shape, row, wrong)
      if (problem !== undefined) problems.push(`${shape.table} ${behind}: ${problem}`)
    }
    total += stored.length
    if (stored.length < stepRows) return total
  }
}

function readProblem<Row>(shape: TableShape<Row>, stored: Stored, wrong: (row: Row) => string | undefined): string | undefined {
  try {
    const row = readRow(shape.columns, stored)
    return wrong(shape.complete ? shape.complete(row, stored) : row)
  } catch (error) {
    return `it cannot be read: ${messageOf(error)}`
  }
}
