import { join } from 'node:path'
import { driverError } from '@hearth/model'

/** `sun_path` holds 108 bytes, the last one a NUL (unix(7)). */
const socketPathBytes = 107

export interface LauncherPaths {
  readonly socket: string
  readonly lock: string
  readonly log: string
}

/** Where the launcher of a home is. @throws `driver_misconfigured` when the home's path is too long for a socket in it */
export function launcherPaths(home: string): LauncherPaths {
  const socket = join(home, 'launcher.sock')
  const bytes = Buffer.byteLength(socket)
  if (bytes > socketPathBytes) {
    throw driverError('Misconfigured', `${socket}: ${bytes} bytes are too long for a unix socket; allowed: ${socketPathBytes}`, {
      hint: 'Choose a home with a shorter path.',
    })
  }
  return { socket, lock: join(home, 'launcher.lock'), log: join(home, 'launcher.log') }
}
