import * as z from 'zod'

/** What a client makes up for a request that must not be done twice; the same again gives the first answer again. */
export const idempotencyKeyHeader = 'idempotency-key'
/** Said of an answer that was given before. */
export const idempotencyReplayedHeader = 'idempotency-replayed'

export const idempotencyKeyField = z.string().regex(/^[\x21-\x7e]{1,255}$/, { error: '1 to 255 visible ASCII characters' })

/** Headers of every request that makes something. Others pass. */
export const idempotencyHeadersSchema = z.looseObject({
  [idempotencyKeyHeader]: idempotencyKeyField
    .optional()
    .describe('Made up by the client: the same key with the same body gives the first answer again, for 24 hours'),
})

/** `DELETE /v1/idempotency/{key}`. */
export const givenUpSchema = z.object({
  done: z.boolean().describe('It was done all the same'),
  location: z.string().optional().describe('What it made'),
})
export type GivenUp = z.output<typeof givenUpSchema>
