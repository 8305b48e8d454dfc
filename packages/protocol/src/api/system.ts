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

/** `GET /v1/stats`: what the server holds now, in the namespaces that the caller may see. */
export const serverStatsSchema = z.object({
  at: timeField,
  uptimeMs: z.number(),
  residentBytes: z.int().describe('Memory of the server process'),
  machines: z.object({ starting: z.int(), running: z.int(), paused: z.int(), stopping: z.int() }),
  snapshots: z.object({ count: z.int(), bytes: z.int() }),
  templates: z.int(),
  namespaces: z.array(z.object({ name: z.string(), liveMachines: z.int(), snapshots: z.int(), snapshotBytes: z.int() })),
})
export type ServerStats = z.output<typeof serverStatsSchema>

/** `GET /v1/config`: every setting, with where its value was found. Secrets are not shown. */
export const configSchema = z.object({
  items: z.array(z.object({ name: z.string(), value: z.string().nullable(), origin: z.string() })),
})
export type ConfigResource = z.output<typeof configSchema>

/** `GET /readyz`: whether the server can serve; 503 when it cannot. */
export const readinessSchema = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
})
export type Readiness = z.output<typeof readinessSchema>

/** `GET /v1/system`. */
export const systemSchema = z.object({
  version: z.string(),
  pid: z.int(),
  startedAt: timeField,
  home: z.string(),
  drivers: z.array(driverStatusSchema),
})
export type System = z.output<typeof systemSchema>
