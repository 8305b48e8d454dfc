import { namespaceDefaults } from '@hearth/model'
import * as z from 'zod'
import { labelsField, listOf, nameField, revField, timeField } from './fields.ts'

const bounds = {
  snapshotLimit: z.int().min(0).max(100_000).describe('Most user snapshots it may hold'),
  snapshotBytesLimit: z.int().min(0).describe('Most bytes its snapshots may take; absent: no bound'),
  keepLast: z.int().min(1).max(100_000).describe('The cleaner keeps this many of the newest of each machine; absent: all'),
}

export const namespaceSchema = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  snapshotLimit: z.int(),
  snapshotBytesLimit: z.int().optional(),
  keepLast: z.int().optional(),
  createdAt: timeField,
  rev: revField,
})
export type NamespaceResource = z.output<typeof namespaceSchema>

export const namespaceListSchema = listOf(namespaceSchema)

/** `POST /v1/namespaces`. */
export const namespaceCreateSchema = z.strictObject({
  name: nameField,
  labels: labelsField.default({}),
  snapshotLimit: bounds.snapshotLimit.default(namespaceDefaults.snapshotLimit),
  snapshotBytesLimit: bounds.snapshotBytesLimit.optional(),
  keepLast: bounds.keepLast.optional(),
})
export type NamespaceCreate = z.input<typeof namespaceCreateSchema>

/** `PATCH /v1/namespaces/{ns}`; what is absent stays as it is, null takes a bound away. */
export const namespacePatchSchema = z.strictObject({
  labels: labelsField.optional().describe('In place of all it has'),
  snapshotLimit: bounds.snapshotLimit.optional(),
  snapshotBytesLimit: bounds.snapshotBytesLimit.nullable().optional(),
  keepLast: bounds.keepLast.nullable().optional(),
})
export type NamespacePatch = z.input<typeof namespacePatchSchema>

/** `GET /v1/usage`, `GET /v1/namespaces/{ns}/usage`. */
export const usageSchema = z.object({
  namespace: z.string(),
  liveMachines: z.int(),
  snapshots: z.int(),
  snapshotBytes: z.int(),
  snapshotLimit: z.int(),
  snapshotBytesLimit: z.int().optional(),
})
export type Usage = z.output<typeof usageSchema>
