import { type Alongside, HearthError } from '@hearth/model'
import { type Stored, writeFields } from './columns.ts'
import type { Database, Refusal, Step } from './database.ts'
import { eventSteps } from './event-log.ts'
import { idempotencyTable } from './tables.ts'

/**
 * Makes a change and what goes with it (`around` it, too), or nothing. Gives what the change returned, or which rule was in its way.
 * @throws HearthError `store_conflict` when the record was begun already
 */
export async function commitChange(
  database: Database,
  change: Step,
  { idempotency, event }: Alongside,
  around: { readonly before?: Step; readonly after?: Step } = {},
): Promise<readonly Stored[] | Refusal> {
  // The record first: whoever asked that before is told so, whatever else is wrong by now.
  const record = idempotency === undefined ? [] : [recordStep(database, idempotency)]
  const before = around.before === undefined ? record : [...record, around.before]
  const after = around.after === undefined ? [] : [around.after]
  const behind = event === undefined ? after : [...after, ...eventSteps(database, event)]
  const outcome = await database.commit([...before, change, ...behind])
  if ('rows' in outcome) {
    if (event) database.news.tell()
    return outcome.rows[before.length] ?? []
  }
  if (idempotency && outcome.refused === 0) throw recordExists(idempotency.id, outcome.cause)
  return outcome
}

function recordStep({ sql }: Database, record: NonNullable<Alongside['idempotency']>): Step {
  const stored = writeFields(idempotencyTable.columns, { ...record, rev: 1 })
  return { query: sql.insertInto(idempotencyTable.table).values(stored) }
}

function recordExists(id: string, cause: unknown): HearthError {
  const { table } = idempotencyTable
  return new HearthError('store_conflict', `${table} ${id} exists already`, { details: { table, id }, cause })
}
