import { randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { type Clock, type Log, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { type Config, defaultConfig, type LoadedConfig, type RunningServer, receiptVerifier, runServer } from '@hearth/server'
import { openPostgresStore, openSqliteStore, takeFileLock } from '@hearth/store'

export interface MemoryServer extends RunningServer {
  readonly host: MemoryHost
}

/** The whole server on its own state database and sockets, with machines in memory. */
export async function memoryServer(
  home: string,
  options: {
    readonly host?: MemoryHost
    readonly listen?: { host: string; port: number }
    readonly log?: Log
    readonly clock?: Clock
    readonly otlpEndpoint?: string
    readonly config?: Partial<Config>
  } = {},
): Promise<MemoryServer> {
  const { host = new MemoryHost(), listen, log = silentLog, clock = systemClock } = options
  const config: Config = {
    ...defaultConfig({ isRoot: false, userHome: '/nowhere', assets: '/nowhere' }),
    ...options.config,
    home,
    listen,
    drivers: ['memory'],
    otlpEndpoint: options.otlpEndpoint,
  }
  const origins = Object.fromEntries(Object.keys(config).map((name) => [name, 'default'])) as LoadedConfig['origins']
  const server = await runServer(
    { config, origins, readyFd: undefined },
    {
      version: '0.0.0-test',
      pid: process.pid,
      startedAt: clock.now(),
      log,
      clock,
      random: (size) => randomBytes(size),
      openGuest,
      receipts: receiptVerifier,
      newSshHostKey: () => generateSshHostKey(),
      takeLock: takeFileLock,
      openStore: (path, host) =>
        config.database === undefined
          ? openSqliteStore({ path, host, log })
          : openPostgresStore({ url: config.database, host, log }),
      openDrivers: async () => [new MemoryDriver({ host })],
    },
  )
  return { ...server, host }
}

/** One request to the server of `home`; the answer's body is not read yet. */
export function ask(
  home: string,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      socketPath: join(home, 'hearth.sock'),
      method,
      path,
      ...(signal && { signal }),
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    })
    request.once('response', resolve)
    request.once('error', reject)
    request.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** The answer as JSON, or nothing when it is empty. */
export async function askJson(home: string, method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await ask(home, method, path, body)
  return answer.statusCode === 204 ? {} : ((await json(answer)) as Record<string, unknown>)
}

/** Builds the template `base`, and waits for it. */
export function buildBase(home: string): Promise<Record<string, unknown>> {
  return askJson(home, 'POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' })
}
