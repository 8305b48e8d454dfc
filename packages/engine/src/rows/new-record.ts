import type { IdempotencyRecord } from '@hearth/model'

/** An idempotency record to be begun together with a row; the engine adds the row as its resource. */
export type NewRecord = Omit<IdempotencyRecord, 'rev' | 'resource'>
