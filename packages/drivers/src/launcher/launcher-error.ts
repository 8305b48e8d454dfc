import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { type DriverErrorKind, driverError, type HearthError } from '@hearth/model'

const { errno } = constants

const kinds = new Map<number, DriverErrorKind>([
  [errno.ENOENT, 'NotFound'],
  [errno.ESRCH, 'NotFound'],
  [errno.EBUSY, 'Busy'],
  [errno.EAGAIN, 'Busy'],
  [errno.ETXTBSY, 'Busy'],
  [errno.EADDRINUSE, 'Busy'],
  [errno.EINVAL, 'Misconfigured'],
  [errno.EEXIST, 'Misconfigured'],
  [errno.ENAMETOOLONG, 'Misconfigured'],
  [errno.EACCES, 'Misconfigured'],
  [errno.EPERM, 'Misconfigured'],
  [errno.ENOEXEC, 'Misconfigured'],
  [errno.ENOTDIR, 'Misconfigured'],
  [errno.EISDIR, 'Misconfigured'],
  [errno.ELOOP, 'Misconfigured'],
  [errno.EROFS, 'Misconfigured'],
  [errno.E2BIG, 'Misconfigured'],
  [errno.ENOSYS, 'Incompatible'],
  [errno.ETIMEDOUT, 'Timeout'],
])

/** An error reply of the launcher as a driver error; `details.errno` is the name, such as `ENOENT`. */
export function launcherError(operation: string, number: number, text: string): HearthError {
  const name = number > 0 ? getSystemErrorName(-number) : 'unknown'
  return driverError(kinds.get(number) ?? 'Unavailable', `launcher, ${operation}: ${text}`, { details: { errno: name } })
}
