import * as z from 'zod'
import { problemSchema } from './problem.ts'

/**
 * Text messages on `GET /v1/machines/{m}/dial/{port}` (WebSocket); binary messages are the bytes of the connection, both ways.
 * The server says `connected` first. `eof` from either side: no more bytes from there. `error` is the last.
 */
export const dialEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connected') }),
  z.object({ type: z.literal('eof') }),
  z.object({ type: z.literal('error'), error: problemSchema }),
])
export type DialEvent = z.output<typeof dialEventSchema>

/** Text messages of the client. */
export const dialControlSchema = z.strictObject({ type: z.literal('eof') })

export const portParamField = z.coerce.number().int().min(1).max(65535)
