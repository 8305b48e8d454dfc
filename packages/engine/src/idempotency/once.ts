import { type Cancellable, HearthError, type IdempotencyRecord, isHearthError } from '@hearth/model'
import type { Context } from '../context.ts'
import type { NewRecord } from '../rows/new-record.ts'

export interface OnceOptions extends Cancellable {
  /**
   * Begun in the same transaction as the row of what is made, before anything is done on the host. When its id exists the call
   * rejects with `store_conflict` (details: `table: 'idempotency'`) and nothing was done.
   */
  readonly idempotency?: NewRecord
}

/** The record as it is stored with the row that it is about. */
export function recordOf(
  start: NewRecord | undefined,
  kind: NonNullable<IdempotencyRecord['resource']>['kind'],
  id: string,
): Omit<IdempotencyRecord, 'rev'> | undefined {
  return start && { ...start, resource: { kind, id } }
}

/** Counts `work` as under way. A name that the same request has taken before is no conflict of names. */
export async function onceOnly<T>(
  context: Pick<Context, 'underway' | 'store'>,
  start: NewRecord | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!start) return work()
  try {
    return await context.underway.during(start.id, work)
  } catch (error) {
    if (!isHearthError(error, 'name_taken') || !(await context.store.idempotency.get(start.id))) throw error
    throw new HearthError('store_conflict', 'this request has been made before', {
      details: { table: 'idempotency' },
      cause: error,
    })
  }
}
