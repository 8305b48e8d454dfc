import { Hearth } from '@hearth/sdk'
import type { Log } from '../log.ts'
import { socketPathOf } from './home.ts'
import { isListening } from './is-listening.ts'
import type { StartOptions } from './start-server.ts'
import { unixFetch } from './unix-fetch.ts'

/** The host of the URLs means nothing to a unix socket. */
const baseUrl = 'http://hearth'

export interface ConnectOptions extends StartOptions {
  /** WebSockets are needed too; they take a while to load. */
  readonly sockets?: boolean
}

/** A client of the server of `home`; starts one when nobody listens. */
export async function connect(home: string, options: ConnectOptions): Promise<Hearth> {
  const socketPath = socketPathOf(home)
  if (!(await isListening(socketPath))) {
    const { startServer } = await import('./start-server.ts')
    await startServer(home, options)
  }
  return clientOf(socketPath, options.log, options.sockets)
}

/** A client of the server of `home`, or nothing when nobody listens. */
export async function connectIfRunning(home: string, log: Log): Promise<Hearth | undefined> {
  const socketPath = socketPathOf(home)
  return (await isListening(socketPath)) ? clientOf(socketPath, log) : undefined
}

async function clientOf(socketPath: string, log: Log, sockets = false): Promise<Hearth> {
  const fetch = unixFetch(socketPath, log)
  if (!sockets) return new Hearth({ baseUrl, fetch })
  const { unixWebSocket } = await import('./unix-web-socket.ts')
  return new Hearth({ baseUrl, fetch, WebSocket: unixWebSocket(socketPath) })
}
