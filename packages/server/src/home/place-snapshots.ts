import { lstat, mkdir, readlink, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidInput } from '@hearth/model'

interface Home {
  readonly root: string
  readonly tmp: string
}

/**
 * Lets the snapshots of a home be in another folder: `snapshots` in the home becomes a link to it. Only for the holder of the lock.
 * @throws HearthError `invalid_input` when snapshots are elsewhere already, or could not be moved there without being copied
 */
export async function placeSnapshots(home: Home, folder: string): Promise<void> {
  const inHome = join(home.root, 'snapshots')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await mkdir(home.tmp, { recursive: true, mode: 0o700 })
  await mustBeNear(home, folder)
  const kind = await kindOf(inHome)
  if (kind === 'link') {
    const where = await readlink(inHome)
    if (where !== folder)
      throw invalidInput('snapshotPath', folder, `snapshots are in ${where}: move them and remove ${inHome} first`)
    return
  }
  if (kind === 'folder') await mustBeEmpty(inHome, folder)
  await symlink(folder, inHome)
}

/** What is written is published by being renamed. */
async function mustBeNear({ tmp }: Home, folder: string): Promise<void> {
  const [from, to] = [join(tmp, 'snapshot-path'), join(folder, '.hearth-was-here')]
  try {
    await writeFile(from, '')
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    throw invalidInput('snapshotPath', folder, 'a folder on the file system of the home: snapshots are moved there, never copied')
  } finally {
    await Promise.all([from, to].map((path) => rm(path, { force: true })))
  }
}

async function mustBeEmpty(inHome: string, folder: string): Promise<void> {
  try {
    await rmdir(inHome)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    throw invalidInput('snapshotPath', folder, `not while there are snapshots in ${inHome}: move them, and remove that folder`)
  }
}

async function kindOf(path: string): Promise<'none' | 'link' | 'folder'> {
  try {
    return (await lstat(path)).isSymbolicLink() ? 'link' : 'folder'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none'
    throw error
  }
}
