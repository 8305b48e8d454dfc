import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log, StateStore } from '@hearth/model'
import { ownerCaller } from './caller.ts'
import type { Keys } from './keys.ts'

/**
 * Where there is no key at all, makes one that may do everything and writes it to `folder`/admin, for the owner of the server alone.
 * Revoked keys count: whoever revoked the last one did not ask for another. Resolves to the file, where one was written.
 */
export async function makeFirstKey(
  folder: string,
  store: Pick<StateStore, 'keys'>,
  keys: Keys,
  log: Log,
): Promise<string | undefined> {
  if ((await store.keys.list()).length > 0) return undefined
  const file = join(folder, 'admin')
  const wanted = { name: 'admin', scope: 'admin', namespaces: '*', format: 'hearth' } as const
  // The file first: a key in the store that nobody was told would keep the next start from making one.
  const { key } = await keys.create(ownerCaller, wanted, (secret) => writeForOwner(file, `${secret}\n`))
  log.info('auth.first_key', { file, key: key.id, use: `HEARTH_API_KEY=$(cat ${file})` })
  return file
}

async function writeForOwner(file: string, text: string): Promise<void> {
  const unpublished = `${file}.new`
  await rm(unpublished, { force: true })
  const handle = await open(unpublished, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(unpublished, file)
}
