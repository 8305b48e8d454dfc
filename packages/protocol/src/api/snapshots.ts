import * as z from 'zod'
import {
  labelFilterField,
  labelsField,
  nameField,
  pageFields,
  pageOf,
  resourcesField,
  revField,
  severalOf,
  switchField,
  tagField,
  templateRefField,
  timeField,
  ttlField,
} from './fields.ts'
import { launchOptionsSchema, machineSchema } from './machines.ts'

/** `POST /v1/machines/{m}/snapshots`. */
export const snapshotCreateSchema = z.strictObject({
  tag: tagField.optional(),
  labels: labelsField.default({}),
  ttlMs: ttlField.optional().describe('Milliseconds it is kept; 0: for ever; 14 days when absent'),
  pinned: z.boolean().default(false).describe('Never removed by the cleaner'),
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

const snapshotKindField = z.enum(['template', 'user', 'fork'])
const snapshotStateField = z.enum(['creating', 'ready', 'failed', 'quarantined', 'deleting'])

export const snapshotSchema = z.object({
  id: z.string(),
  namespace: z.string(),
  host: z.string().describe('The Hearth home it lies in'),
  kind: snapshotKindField,
  state: snapshotStateField,
  failure: z.string().optional(),
  template: z.string(),
  source: z.string().describe('The machine it was taken of'),
  parent: z.string().optional(),
  tag: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  ttlMs: z.int().describe('Counted from createdAt; 0: for ever'),
  expiresAt: timeField.optional(),
  pinned: z.boolean(),
  sizeBytes: z.int().optional(),
  driver: z.string().optional(),
  quality: z.enum(['memory+disk', 'disk', 'crash-consistent']).optional(),
  quiesce: z
    .object({ result: z.enum(['quiesced', 'failed', 'not_applicable']), detail: z.string().optional(), tookMs: z.number() })
    .optional(),
  pauseMs: z.number().optional().describe('How long the source stood still'),
  resources: resourcesField.optional(),
  artifacts: z.array(artifactSchema).optional(),
  compatibility: compatibilitySchema.optional(),
  createdAt: timeField,
  rev: revField,
})
export type SnapshotResource = z.output<typeof snapshotSchema>

export const snapshotPageSchema = pageOf(snapshotSchema)
/** `GET /v1/snapshots`. */
export const snapshotQuerySchema = z.strictObject({
  machine: z.string().max(80).optional().describe('Only those taken of this machine (id or name)'),
  template: templateRefField.optional().describe('Only those of this template; without a version of all its versions'),
  kind: severalOf(snapshotKindField),
  state: severalOf(snapshotStateField),
  tag: tagField.optional(),
  label: labelFilterField,
  parent: z.string().max(80).optional().describe('Only those that were taken of a machine restored from this snapshot'),
  pinned: z
    .enum(['1', 'true', '0', 'false'])
    .transform((value) => value === '1' || value === 'true')
    .optional(),
  createdAfter: timeField.optional(),
  createdBefore: timeField.optional(),
  ...pageFields,
})
export type SnapshotQuery = z.input<typeof snapshotQuerySchema>

/** `PATCH /v1/snapshots/{s}`; what is absent stays as it is. */
export const snapshotPatchSchema = z.strictObject({
  tag: tagField.nullable().optional().describe('null: none'),
  labels: labelsField.optional().describe('In place of all it has'),
  ttlMs: ttlField.optional(),
  pinned: z.boolean().optional(),
})
export type SnapshotPatch = z.input<typeof snapshotPatchSchema>

/** `POST /v1/snapshots/{s}/copy`: tag and labels are the source's when absent. */
export const snapshotCopySchema = z.strictObject({
  namespace: nameField.optional(),
  tag: tagField.optional(),
  labels: labelsField.optional(),
  ttlMs: ttlField.optional(),
  pinned: z.boolean().optional(),
})
export type SnapshotCopy = z.input<typeof snapshotCopySchema>

/** `POST /v1/snapshots/{s}/restore`. */
export const snapshotRestoreSchema = launchOptionsSchema.extend({
  force: z.boolean().default(false).describe('Restore it although its time is over'),
})
export type SnapshotRestore = z.input<typeof snapshotRestoreSchema>

/** An expired snapshot is not restored unless forced: its machine starts fresh from the original configuration. */
export const restoreResultSchema = z.object({
  machine: machineSchema,
  restoredFromSnapshot: z.boolean(),
  ttlExpired: z.boolean(),
})
export type RestoreResult = z.output<typeof restoreResultSchema>

/** `GET /v1/snapshots/{s}/tree`: the line from the first ancestor, and all that was made from it; parents come first. */
export const snapshotTreeSchema = z.object({
  snapshot: z.string().describe('The one that was asked for'),
  root: z.string().describe('Its first ancestor, usually the snapshot of its template'),
  truncated: z.boolean().describe('There are more descendants'),
  items: z.array(
    z.object({
      id: z.string(),
      parent: z.string().optional(),
      kind: snapshotKindField,
      state: snapshotStateField,
      source: z.string(),
      tag: z.string().optional(),
      sizeBytes: z.int().optional(),
      createdAt: timeField,
    }),
  ),
})
export type SnapshotTree = z.output<typeof snapshotTreeSchema>

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
