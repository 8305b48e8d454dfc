import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HearthError, messageOf } from '@hearth/model'
import * as z from 'zod'

/** The file of a backup that says what else is in it; written last. */
export const listFile = 'backup.json'
export const databaseFile = 'hearth.db'

const inFolder = '[a-z0-9][a-z0-9@._-]{0,90}'
const fileName = '[A-Za-z0-9][A-Za-z0-9._-]{0,90}'
/** Nothing else is ever written or read: a list is hostile input, and its paths become paths of the home. */
const pathPattern = new RegExp(`^(?:hearth\\.db|host-id|hearth\\.yaml|(?:templates|snapshots)/${inFolder}/${fileName})$`)

const savedFile = z.strictObject({
  path: z
    .string()
    .regex(pathPattern)
    .refine((path) => !path.includes('..'), 'no ".."'),
  sizeBytes: z.int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})

const listSchema = z.object({
  format: z.literal(1),
  version: z.string(),
  createdAt: z.iso.datetime(),
  /** The home it was made of, and what that is called in its rows. */
  home: z.string(),
  host: z.string().regex(/^h-[0-9a-f]{16}$/),
  settings: z.array(z.object({ name: z.string(), value: z.string().nullable(), origin: z.string() })),
  rows: z.record(z.string(), z.int()),
  /** Templates and snapshots of this host, whose content may lie in the home only. */
  contents: z.array(
    z.object({
      folder: z.string(),
      artifacts: z.array(z.object({ name: z.string(), sizeBytes: z.int(), sha256: z.string() })),
    }),
  ),
  files: z.array(savedFile),
})

export type SavedFile = z.output<typeof savedFile>
/** What a backup holds, with digests. */
export type BackupList = z.output<typeof listSchema>

/** @throws HearthError `invalid_input` when `folder` holds no backup, or one that this version cannot read */
export async function readList(folder: string): Promise<BackupList> {
  const path = join(folder, listFile)
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new HearthError('invalid_input', `${folder} is no backup: ${messageOf(error)}`, {
      hint: 'Name the folder that "hearth backup" has made.',
      cause: error,
    })
  }
  const read = listSchema.safeParse(json)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new HearthError('invalid_input', `${path} is not a list of ours: ${issue?.path.join('.')} ${issue?.message}`)
}
