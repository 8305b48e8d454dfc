import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { driverError, isHearthError } from '@hearth/model'
import { childFailure } from '../../child/run.ts'

const fullBelowBytes = 1024 * 1024

/** Runs `work`, which writes into `folder`, and says so when it fails because the disk is full. */
export async function diskFullIsTold<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(await isDiskFull(folder, error))) throw error
    throw driverError('Unavailable', `the disk is full: ${dirname(folder)} has no room for the image`, {
      hint: 'Free some space there, or move HEARTH_HOME to a larger disk.',
      cause: error,
    })
  }
}

async function isDiskFull(folder: string, error: unknown): Promise<boolean> {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return true
  const child = childFailure(error)
  if (child === undefined) return false
  if (/no space left on device|disk full/i.test(child.stderr)) return true
  // Programs that say nothing useful: look at the disk itself.
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize < fullBelowBytes && isHearthError(error, 'internal')
}
