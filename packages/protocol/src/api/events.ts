import * as z from 'zod'
import { timeField } from './fields.ts'

/** One event of `GET /v1/events`: something changed state, or is gone. */
export const eventSchema = z.object({
  kind: z.enum(['machine', 'snapshot', 'template']),
  id: z.string(),
  state: z.string().describe('The new state'),
  removed: z.boolean().describe('Its row is gone'),
  at: timeField,
})
export type EventResource = z.output<typeof eventSchema>
