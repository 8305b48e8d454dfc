import { open, readdir, stat } from 'node:fs/promises'

/** Makes what was written into a folder outlive a power cut. */
export async function settle(folder: string): Promise<void> {
  await using handle = await open(folder, 'r')
  await handle.sync()
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** The names in a folder; none when there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return (await exists(folder)) ? readdir(folder) : []
}
