import { type ErrorCode, errorStatus } from '@hearth/model'
import * as z from 'zod'

const codes = Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]]

/** RFC 9457 problem details, with our stable `code`. */
export const problemSchema = z.object({
  type: z.string().describe('urn:hearth:error:CODE'),
  title: z.string().describe('The same words for every problem of this code'),
  status: z.int(),
  code: z.enum(codes),
  detail: z.string().describe('What happened here'),
  hint: z.string().optional().describe('What can be done next'),
  requestId: z.string().optional().describe('By which it is found in the log of the server'),
  details: z.record(z.string(), z.unknown()).optional().describe('Further facts for programs'),
})
export type Problem = z.output<typeof problemSchema>

/** The media type of problems. */
export const problemContentType = 'application/problem+json'
