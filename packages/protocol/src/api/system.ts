import * as z from 'zod'
import { timeField } from './fields.ts'

/** Whether a driver works on this host, with what, and if not what to do. */
export const driverStatusSchema = z.object({
  name: z.string(),
  usable: z.boolean(),
  accelerator: z.string(),
  version: z.string(),
  problems: z.array(z.object({ problem: z.string(), fix: z.string() })),
  notes: z.array(z.string()),
})
export type DriverStatus = z.output<typeof driverStatusSchema>

/** `GET /v1/system`. */
export const systemSchema = z.object({
  version: z.string(),
  pid: z.int(),
  startedAt: timeField,
  home: z.string(),
  drivers: z.array(driverStatusSchema),
})
export type System = z.output<typeof systemSchema>
