import { driverError, isHearthError } from '@hearth/model'

/** The archive is not what it should be; `where` names the entry or the position. */
export function damagedArchive(where: string, why: string): Error {
  return driverError('Misconfigured', `the archive is damaged at ${where}: ${why}`, {
    hint: 'Make it again with "tar --create", or check how it was copied.',
  })
}

/** The archive stops where more should come: it was cut off, or who writes it failed. */
export function cutOffArchive(where: string, why: string): Error {
  return driverError('Misconfigured', `the archive is cut off at ${where}: ${why}`, {
    hint: 'Make it again with "tar --create", or check how it was copied.',
    details: { cutOff: true },
  })
}

/** Whether `error` says that an archive was cut off. */
export function isCutOff(error: unknown): boolean {
  return isHearthError(error) && error.details?.cutOff === true
}

/** The archive is whole, but holds something that no image may hold. */
export function refusedEntry(entry: string, why: string, hint?: string): Error {
  return driverError('Misconfigured', `the archive entry ${entry} is refused: ${why}`, hint === undefined ? {} : { hint })
}
