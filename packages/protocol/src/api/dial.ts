import * as z from 'zod'
import { problemSchema } from './problem.ts'

const eof = z.strictObject({ type: z.literal('eof') })
const pause = z.strictObject({ type: z.literal('pause') })
const resume = z.strictObject({ type: z.literal('resume') })

/**
 * Text messages of the client on `GET /v1/machines/{m}/dial/{port}` (WebSocket); binary messages are the bytes, both ways.
 * `eof` ends the sender's direction and leaves the other open. Between `pause` and `resume` the other side sends no bytes.
 */
export const dialControlSchema = z.discriminatedUnion('type', [eof, pause, resume])
export type DialControl = z.output<typeof dialControlSchema>

/** Text messages of the server: `connected` comes before any bytes, `error` is the last. */
export const dialEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connected') }),
  eof,
  pause,
  resume,
  z.object({ type: z.literal('error'), error: problemSchema }),
])
export type DialEvent = z.output<typeof dialEventSchema>

export const portParamField = z.coerce.number().int().min(1).max(65535)
