import { connect } from 'node:net'
import { CliError } from '../cli-error.ts'

/** Whether somebody listens on a unix socket. @throws CliError when this user may not know */
export function isListening(socketPath: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(false)
      else reject(unusable(socketPath, error))
    })
  })
}

function unusable(socketPath: string, error: NodeJS.ErrnoException): CliError {
  const start = error.code === 'EACCES' ? 'Run the command as the user who started the server, or choose' : 'Choose'
  return new CliError(`${socketPath} cannot be used: ${error.message}`, {
    hint: `${start} another home: --home or HEARTH_HOME.`,
    cause: error,
  })
}
