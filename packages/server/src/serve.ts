import { chmod, rm } from 'node:fs/promises'
import type { Server } from 'node:tls'
import { HearthError, type Log, messageOf } from '@hearth/model'
import { isLoopback } from './config/check-together.ts'
import { Builds } from './http/builds/build.ts'
import { createHttp } from './http/create-http.ts'
import type { App, HttpParts } from './http/http-parts.ts'
import { followTlsFiles, readTlsFiles, type TlsFiles } from './tls/tls-files.ts'

/** How long requests under way may take to notice that they are ended, in milliseconds. */
const closeLimitMs = 5000
/** Connections that wait to be accepted: a socket refuses what goes beyond, and other servers pass on what comes at once. */
const backlog = 4096

export interface ServeOptions {
  /** The unix socket; one that is left of a dead server is replaced. */
  readonly socket: string
  readonly listen?: { readonly host: string; readonly port: number } | undefined
  /** Serve the TCP address over TLS. */
  readonly tls?: TlsFiles | undefined
}

/** The API, being served. */
export interface Serving {
  /** `http://127.0.0.1:4747` when it is served on TCP too. */
  readonly url: string | undefined
  /** Stops accepting, ends the requests under way, and resolves when all are gone. */
  close(): Promise<void>
}

/** What is the same wherever the API is served. */
type SharedParts = Omit<HttpParts, 'hostPaths' | 'loopbackOnly' | 'everyoneIsOwner' | 'tls' | 'builds'>
type BuildingParts = SharedParts & Pick<HttpParts, 'builds'>

/**
 * Serves the API on a unix socket for this user alone, who needs no key there, and, where asked, on a TCP address for whoever
 * has one. Only the holder of the home may.
 */
export async function serve(shared: SharedParts, options: ServeOptions): Promise<Serving> {
  const parts = { ...shared, builds: new Builds() }
  const unix = await serveSocket(parts, options.socket)
  if (options.listen === undefined) return { url: undefined, close: () => closeApp(unix, parts.log) }
  try {
    const tcp = await serveAddress(parts, options.listen, options.tls)
    const close = async () => {
      await Promise.all([closeApp(unix, parts.log), tcp.close()])
    }
    return { url: tcp.url, close }
  } catch (error) {
    await closeApp(unix, parts.log)
    throw error
  }
}

async function serveSocket(parts: BuildingParts, path: string): Promise<App> {
  await rm(path, { force: true })
  const app = createHttp({ ...parts, hostPaths: true, loopbackOnly: false, everyoneIsOwner: true })
  await app.listen({ path, backlog })
  await chmod(path, 0o600)
  return app
}

async function serveAddress(
  parts: BuildingParts,
  listen: NonNullable<ServeOptions['listen']>,
  files: TlsFiles | undefined,
): Promise<{ url: string; close: () => Promise<void> }> {
  const tls = files && (await readTlsFiles(files))
  const app = createHttp({ ...parts, hostPaths: false, loopbackOnly: isLoopback(listen.host), everyoneIsOwner: false, tls })
  const url = await app.listen({ ...listen, backlog }).catch((error: unknown) => {
    const where = `${listen.host}:${listen.port}`
    throw new HearthError('invalid_input', `listen: ${where} cannot be listened on: ${messageOf(error)}`, { cause: error })
  })
  const closing = new AbortController()
  const { log, clock } = parts
  const server = app.server as unknown as Server
  const following = files && tls && followTlsFiles(files, { server, used: tls, clock, log, signal: closing.signal })
  const close = async () => {
    closing.abort()
    await following
    await closeApp(app, log)
  }
  return { url, close }
}

/** Clients that do not go when asked are cut off. */
async function closeApp(app: App, log: Log): Promise<void> {
  const late = setTimeout(() => {
    log.warn('server.clients_cut_off', { afterMs: closeLimitMs })
    for (const client of app.websocketServer.clients) client.terminate()
    app.server.closeAllConnections()
  }, closeLimitMs)
  await app.close()
  clearTimeout(late)
}
