import * as z from 'zod'
import { listOf, modeField, pathField, switchField, text } from './fields.ts'

export const fileStatSchema = z.object({
  path: z.string(),
  kind: z.enum(['file', 'directory', 'symlink', 'other']),
  sizeBytes: z.int(),
  mode: z.string().describe('Octal permission bits, 0644'),
  uid: z.int(),
  gid: z.int(),
  modifiedAt: z.iso.datetime(),
  target: z.string().optional().describe('Where a symlink points'),
})
export type FileStatResource = z.output<typeof fileStatSchema>
export const fileListSchema = listOf(fileStatSchema)

/** The header of `GET …/files` that carries the file's stat as JSON; non-ASCII is escaped. */
export const statHeader = 'x-hearth-stat'

export const fileQuerySchema = z.strictObject({ path: pathField })
export const fileListQuerySchema = z.strictObject({ path: pathField, depth: z.coerce.number().int().min(1).max(16).default(1) })
export const fileWriteQuerySchema = z.strictObject({
  path: pathField,
  mode: modeField.default('0644'),
  owner: text(64).min(1).optional().describe('Name or uid[:gid]'),
})
export const fileRemoveQuerySchema = z.strictObject({ path: pathField, recursive: switchField })
export const fileWatchQuerySchema = z.strictObject({ path: pathField, recursive: switchField })
export const mkdirSchema = z.strictObject({ path: pathField, mode: modeField.default('0755') })
export const moveSchema = z.strictObject({ from: pathField, to: pathField })

/** One `change` of `GET …/files/watch`; the event `ready` before the first says that from here on nothing is missed. */
export const watchEventSchema = z.object({
  kind: z.enum(['create', 'write', 'remove', 'rename', 'chmod', 'overflow']),
  path: z.string().describe('Relative to the watched directory'),
})
export type WatchEventResource = z.output<typeof watchEventSchema>
