import { constants, open } from 'node:fs/promises'
import { driverError } from '@hearth/model'

/**
 * Reads a file that we wrote into a folder which belongs to a VMM's user. That user can remove it and put another in its place, but
 * the other one is his: a QEMU taken over by its guest must not tell the next server what to open and whom to kill.
 *
 * @throws `driver_corrupt` when the file is not ours, and what the file system says
 */
export async function readOwnFile(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { uid } = await file.stat()
    if (uid !== process.getuid?.()) throw driverError('Corrupt', `${path} was written by user ${uid}, not by Hearth`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
