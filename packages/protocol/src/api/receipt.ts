import { receiptItems } from '@hearth/model'
import * as z from 'zod'
import { timeField } from './fields.ts'

const names = [...new Set([...receiptItems.identify, ...receiptItems.assign])]

/** One thing that was changed, with what the guest read back afterwards. */
export const receiptItemSchema = z.object({
  name: z.enum(names),
  status: z.enum(['done', 'not_applicable', 'failed']),
  evidence: z.string(),
  detail: z.string().optional(),
})

/** The guest's proof of what was personalised. */
export const receiptSchema = z.object({
  identify: z.array(receiptItemSchema),
  assign: z.array(receiptItemSchema),
  verifiedAt: timeField,
})
export type ReceiptResource = z.output<typeof receiptSchema>
