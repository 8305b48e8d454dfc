import { chmod, rm } from 'node:fs/promises'
import { HearthError, type Log, messageOf } from '@hearth/model'
import { createHttp } from './http/create-http.ts'
import type { App, HttpParts } from './http/http-parts.ts'

/** How long requests under way may take to notice that they are ended, in milliseconds. */
const closeLimitMs = 5000

export interface ServeOptions {
  /** The unix socket; one that is left of a dead server is replaced. */
  readonly socket: string
  readonly listen?: { readonly host: string; readonly port: number } | undefined
}

/** The API, being served. */
export interface Serving {
  /** `http://127.0.0.1:4747` when it is served on TCP too. */
  readonly url: string | undefined
  /** Stops accepting, ends the requests under way, and resolves when all are gone. */
  close(): Promise<void>
}

/** Serves the API on a unix socket for this user alone and, where asked, on a loopback port. Only the holder of the home may. */
export async function serve(parts: Omit<HttpParts, 'hostPaths' | 'loopbackOnly'>, options: ServeOptions): Promise<Serving> {
  const apps = [await serveSocket(parts, options.socket)]
  const close = async () => {
    await Promise.all(apps.map((app) => closeApp(app, parts.log)))
  }
  if (options.listen === undefined) return { url: undefined, close }
  try {
    const tcp = createHttp({ ...parts, hostPaths: false, loopbackOnly: true })
    const url = await tcp.listen(options.listen)
    apps.push(tcp)
    return { url, close }
  } catch (error) {
    await close()
    const where = `${options.listen.host}:${options.listen.port}`
    throw new HearthError('invalid_input', `listen: ${where} cannot be listened on: ${messageOf(error)}`, { cause: error })
  }
}

async function serveSocket(parts: Omit<HttpParts, 'hostPaths' | 'loopbackOnly'>, path: string): Promise<App> {
  await rm(path, { force: true })
  const app = createHttp({ ...parts, hostPaths: true, loopbackOnly: false })
  await app.listen({ path })
  await chmod(path, 0o600)
  return app
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
