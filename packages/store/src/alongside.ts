import { type Alongside, HearthError } from '@hearth/model'
import { writeFields } from './columns.ts'
import type { Database, Step } from './database.ts'
import { eventStep } from './event-log.ts'
import { idempotencyTable } from './tables.ts'

/** The steps that begin a record, before the change itself: whoever asked that before is told so, whatever else is wrong. */
export function recordSteps({ sql }: Database, { idempotency }: Alongside): Step[] {
  if (idempotency === undefined) return []
  const stored = writeFields(idempotencyTable.columns, { ...idempotency, rev: 1 })
  return [{ query: sql.insertInto(idempotencyTable.table).values(stored) }]
}

/** The steps that tell of the change, behind it: the event's number is drawn when the row is already held. */
export function eventSteps(database: Database, { event }: Alongside): Step[] {
  return event === undefined ? [] : [eventStep(database, event)]
}

/** Another request has begun that record. */
export function recordExists(id: string, cause: unknown): HearthError {
  const { table } = idempotencyTable
  return new HearthError('store_conflict', `${table} ${id} exists already`, { details: { table, id }, cause })
}
