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
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve(false)
      const hint =
        error.code === 'EACCES' ? 'Run the command as the user who started the server, or choose another --home.' : undefined
      reject(new CliError(`${socketPath} cannot be used: ${error.message}`, { cause: error, ...(hint ? { hint } : {}) }))
    })
  })
}
