import { randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HearthError } from '@hearth/model'

const pattern = /^h-[0-9a-f]{16}$/

/**
 * What this home is called in rows that several servers share; made on the first start, the same ever after.
 * Only the holder of the home may ask. @throws HearthError `internal` when the file holds something else
 */
export async function hostIdOf(home: string): Promise<string> {
  const path = join(home, 'host-id')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return make(path)
  const id = text.trim()
  if (pattern.test(id)) return id
  throw new HearthError('internal', `${path} does not hold a host id ("h-" and 16 of 0-9, a-f)`, {
    hint: 'Put the id back, as the rows of this home have it in their column "host".',
  })
}

async function make(path: string): Promise<string> {
  const id = `h-${randomBytes(8).toString('hex')}`
  await writeFile(`${path}.new`, `${id}\n`, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
  return id
}
