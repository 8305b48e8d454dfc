import * as z from 'zod'

/** What a client makes up for a request that must not be done twice; the same again gives the first answer again. */
export const idempotencyKeyHeader = 'idempotency-key'
/** Said of an answer that was given before. */
export const idempotencyReplayedHeader = 'idempotency-replayed'

/** Headers of every request that makes something. Others pass. */
export const idempotencyHeadersSchema = z.looseObject({
  [idempotencyKeyHeader]: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, { error: '1 to 255 visible ASCII characters' })
    .optional()
    .describe('Made up by the client: the same key with the same body gives the first answer again, for 24 hours'),
})
