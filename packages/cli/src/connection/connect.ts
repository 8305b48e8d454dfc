import { Hearth, type HearthOptions } from '@hearth/sdk'
import type { Log } from '../log.ts'
import { socketPathOf } from './home.ts'
import { isListening } from './is-listening.ts'
import { nodeFetch } from './node-fetch.ts'
import type { StartOptions } from './start-server.ts'
import type { Target } from './target.ts'

/** The host of the URLs means nothing to a unix socket. */
const baseUrl = 'http://hearth'

export interface ConnectOptions extends StartOptions {
  readonly target: Target
  /** `default` when absent. */
  readonly namespace?: string
  /** WebSockets are needed too; they take a while to load. */
  readonly sockets?: boolean
}

/** A client of the server that is meant; that of a home is started when nobody listens. */
export async function connect(options: ConnectOptions): Promise<Hearth> {
  const { target, log, sockets } = options
  if (target.kind === 'remote') return remoteClient(target, options)
  const socketPath = socketPathOf(target.home)
  if (!(await isListening(socketPath))) {
    const { startServer } = await import('./start-server.ts')
    await startServer(target.home, options)
  }
  return socketClient(socketPath, { log, namespace: options.namespace, sockets })
}

/** A client of the server that is meant, or nothing when nobody listens for its home. */
export async function connectIfRunning(options: ConnectOptions): Promise<Hearth | undefined> {
  const { target } = options
  if (target.kind === 'remote') return remoteClient(target, options)
  const socketPath = socketPathOf(target.home)
  return (await isListening(socketPath)) ? socketClient(socketPath, options) : undefined
}

/** Ctrl-C is the limit of time. */
const patient = { timeoutMs: 0 } satisfies Partial<HearthOptions>

function remoteClient({ baseUrl, apiKey }: Extract<Target, { kind: 'remote' }>, { log, namespace }: ConnectOptions): Hearth {
  return new Hearth({ ...patient, baseUrl, apiKey, namespace, fetch: nodeFetch(log) })
}

interface SocketOptions {
  readonly log: Log
  readonly namespace?: string | undefined
  readonly sockets?: boolean | undefined
}

async function socketClient(socketPath: string, { log, namespace, sockets = false }: SocketOptions): Promise<Hearth> {
  const options = { ...patient, baseUrl, namespace, fetch: nodeFetch(log, socketPath) }
  if (!sockets) return new Hearth(options)
  const { unixWebSocket } = await import('./unix-web-socket.ts')
  return new Hearth({ ...options, WebSocket: unixWebSocket(socketPath) })
}
