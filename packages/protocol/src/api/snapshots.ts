import * as z from 'zod'
import { labelsField, listOf, resourcesField, switchField, templateRefField, text, timeField } from './fields.ts'

/** `POST /v1/machines/{m}/snapshots`. */
export const snapshotCreateSchema = z.strictObject({
  tag: text(128).min(1).optional().describe('Free text by which to find it again'),
})
export type SnapshotCreate = z.input<typeof snapshotCreateSchema>

export const artifactSchema = z.object({ name: z.string(), sizeBytes: z.int(), sha256: z.string() })

/** What must agree between the host that made a snapshot and the one that restores it. */
export const compatibilitySchema = z.object({
  hardwareProfile: z.string(),
  vmm: z.string(),
  vmmVersion: z.string(),
  machineType: z.string(),
  cpuModel: z.string(),
  cpuFeatures: z.array(z.string()),
  accelerator: z.string(),
  guestKernel: z.string(),
  guestProtocol: z.int(),
})

export const snapshotSchema = z.object({
  id: z.string(),
  kind: z.enum(['template', 'user', 'fork']),
  state: z.enum(['creating', 'ready', 'failed', 'quarantined', 'deleting']),
  failure: z.string().optional(),
  template: z.string(),
  source: z.string().describe('The machine it was taken of'),
  parent: z.string().optional(),
  tag: z.string().optional(),
  sizeBytes: z.int().optional(),
  driver: z.string().optional(),
  quality: z.enum(['memory+disk', 'disk', 'crash-consistent']).optional(),
  quiesce: z
    .object({ result: z.enum(['quiesced', 'failed', 'not_applicable']), detail: z.string().optional(), tookMs: z.number() })
    .optional(),
  pauseMs: z.number().optional().describe('How long the source stood still'),
  resources: resourcesField.optional(),
  labels: labelsField.optional(),
  artifacts: z.array(artifactSchema).optional(),
  compatibility: compatibilitySchema.optional(),
  createdAt: timeField,
})
export type SnapshotResource = z.output<typeof snapshotSchema>

export const snapshotListSchema = listOf(snapshotSchema)
/** `GET /v1/snapshots`. */
export const snapshotQuerySchema = z.strictObject({
  machine: z.string().max(80).optional().describe('Only those taken of this machine (id or name)'),
  template: templateRefField.optional().describe('Only those of this template; without a version of all its versions'),
})

/** `DELETE /v1/snapshots/{s}`. */
export const snapshotRemoveQuerySchema = z.strictObject({
  force: switchField.describe('End the machines restored from it first'),
})

/** `POST /v1/snapshots/{s}/verify`: every byte was read again. */
export const verifyResultSchema = z.object({
  id: z.string(),
  ok: z.boolean(),
  detail: z.string().optional().describe('What is damaged'),
})
export type VerifyResult = z.output<typeof verifyResultSchema>
