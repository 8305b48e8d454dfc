import { eventKinds } from '@hearth/model'
import * as z from 'zod'
import { nameField, severalOf, timeField } from './fields.ts'

export const eventKindField = z.enum(eventKinds)

/**
 * One event of `GET /v1/events`: something changed state, or is gone. Its `seq` is also the id of the server-sent event:
 * `Last-Event-ID` (or `after`) goes on behind it without a gap.
 */
export const eventSchema = z.object({
  seq: z.int().describe('Grows with every event; numbers never repeat, and gaps mean nothing'),
  kind: eventKindField,
  id: z.string(),
  namespace: z.string().optional(),
  state: z.string().describe('The new state'),
  removed: z.boolean().describe('Its row is gone'),
  at: timeField,
  data: z.record(z.string(), z.unknown()).describe('Further facts, such as name, template, failure, boot'),
})
export type EventResource = z.output<typeof eventSchema>

/** Data of the event `gap`: what happened behind `after` is not kept any more up to `oldest`. List anew, then go on. */
export const eventGapSchema = z.object({ after: z.int(), oldest: z.int() })
export type EventGap = z.output<typeof eventGapSchema>

const after = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** `GET /v1/namespaces/{ns}/events`. */
export const namespaceEventQuerySchema = z.strictObject({
  after: after.optional().describe('What happened behind this event; 0: all that is kept; absent: what comes from now on'),
  kind: severalOf(eventKindField),
})

/** `GET /v1/events`. */
export const eventQuerySchema = namespaceEventQuerySchema.extend({ namespace: severalOf(nameField) })
export type EventQuery = z.input<typeof eventQuerySchema>
