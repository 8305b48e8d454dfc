import * as z from 'zod'
import { timeField } from './fields.ts'

/** `POST /v1/retention/run`. */
export const retentionRunSchema = z.strictObject({
  dryRun: z.boolean().default(false).describe('Only say what would be removed'),
})
export type RetentionRun = z.input<typeof retentionRunSchema>

const removal = {
  snapshot: z.string(),
  namespace: z.string(),
  reason: z.enum(['expired', 'failed', 'keep_last', 'quota_count', 'quota_bytes']),
  tag: z.string().optional(),
  createdAt: timeField,
  sizeBytes: z.int(),
}

/** What the cleaner removed, or would. */
export const retentionReportSchema = z.object({
  dryRun: z.boolean().describe('Nothing was done: this is what would be'),
  startedAt: timeField,
  tookMs: z.number(),
  removed: z.array(z.object(removal)),
  failed: z.array(z.object({ ...removal, failure: z.string() })).describe('Those that still exist'),
  freedBytes: z.int(),
  stillOver: z.array(z.string()).describe('Namespaces over a limit, for what they hold is pinned or in use'),
  forgotten: z
    .object({ machines: z.int(), events: z.int(), audit: z.int(), idempotency: z.int() })
    .optional()
    .describe('Old rows'),
})
export type RetentionReport = z.output<typeof retentionReportSchema>
