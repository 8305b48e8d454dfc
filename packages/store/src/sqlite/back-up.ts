import { closeSync, openSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HearthError, messageOf } from '@hearth/model'
import BetterSqlite from 'better-sqlite3'

/**
 * Copies the state at this moment into `file`, readable for its owner only and whole or not there at all, while others go on
 * writing. @throws HearthError `internal` when it cannot be written
 */
export async function backUp(path: string, file: string): Promise<void> {
  const unfinished = `${file}.unfinished`
  const source = new BetterSqlite(path, { readonly: true })
  try {
    closeSync(openSync(unfinished, 'wx', 0o600))
    // One moment for the whole copy: without it every write of another connection would make the copy begin anew.
    source.exec('begin')
    source.prepare('select count(*) from sqlite_schema').get()
    await source.backup(unfinished)
    await settle(unfinished)
    renameSync(unfinished, file)
    await settle(dirname(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(unfinished, { force: true })
    throw new HearthError('internal', `the state could not be copied to ${file}: ${messageOf(error)}`, { cause: error })
  } finally {
    source.close()
  }
}

async function settle(path: string): Promise<void> {
  await using handle = await open(path, 'r')
  await handle.sync()
}
