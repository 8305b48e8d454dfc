import { writeSync } from 'node:fs'
import { createEngine, type EngineParts } from '@hearth/engine'
import type { Log, MachineDriver, StateStore } from '@hearth/model'
import { createAuth } from './auth/auth.ts'
import { makeFirstKey } from './auth/first-key.ts'
import { engineOptions } from './config/engine-options.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { shownSettings } from './config/shown-settings.ts'
import { type HomeLayout, homeLayout, makeHome, prepareHome } from './home/home-layout.ts'
import { lockHome } from './home/home-lock.ts'
import { hostIdOf } from './home/host-id.ts'
import { openPeers } from './peers/open-peers.ts'
import { advertisedUrl } from './peers/own-address.ts'
import { serve } from './serve.ts'
import { Shutdown } from './shutdown.ts'
import { countRows } from './telemetry/metrics/count-rows.ts'
import { openTelemetry } from './telemetry/open-telemetry.ts'
import type { TlsFiles } from './tls/tls-files.ts'

/** What a server is made of; only a main file knows the classes behind it. */
export interface ServerParts
  extends Pick<EngineParts, 'openGuest' | 'receipts' | 'newSshHostKey' | 'clock' | 'random' | 'options' | 'failpoint'> {
  readonly version: string
  readonly pid: number
  readonly startedAt: number
  readonly log: Log
  takeLock(path: string): { release(): void } | undefined
  openStore(path: string, host: string): Promise<StateStore>
  openDrivers(home: HomeLayout): Promise<readonly MachineDriver[]>
}

/** A server that is ready. */
export interface RunningServer {
  readonly socket: string
  readonly url: string | undefined
  /** Resolves when somebody asked over the API that it end. */
  readonly asked: Promise<void>
  /** Ends it, part by part; machines go on. */
  close(): Promise<void>
}

/**
 * Starts the one server of a home: lock, state, drivers, engine, API, in this order. What has been started is ended again
 * when a later part fails. @throws HearthError `state_conflict` when another server has the home
 */
export async function runServer(loaded: LoadedConfig, parts: ServerParts): Promise<RunningServer> {
  const shutdown = new Shutdown(() => parts.log)
  try {
    return await start(loaded, parts, shutdown)
  } catch (error) {
    await shutdown.run()
    throw error
  }
}

async function start(loaded: LoadedConfig, parts: ServerParts, shutdown: Shutdown): Promise<RunningServer> {
  const { config, readyFd } = loaded
  const { log, clock, version, pid, startedAt } = parts
  const home = homeLayout(config.home)
  await makeHome(home)
  const lock = lockHome(home, pid, parts.takeLock)
  shutdown.later('lock', () => lock.release())
  await prepareHome(home, config.snapshotPath)

  const host = await hostIdOf(home.root)
  const telemetry = await openTelemetry({ version, home: home.root, startedAt, clock, log, otlpEndpoint: config.otlpEndpoint })
  shutdown.later('telemetry', () => telemetry.close())
  const { meter, metrics } = telemetry
  const store = metrics.measured(await parts.openStore(home.database, host))
  shutdown.later('store', () => store.close())
  const { requestsPerMinute, auditDays, corsOrigins, openMetrics } = config
  const auth = createAuth({ store, clock, log, random: parts.random, requestsPerMinute, auditDays })
  shutdown.later('auth', () => auth.close())
  await makeFirstKey(home.keys, store, auth.keys, log)
  const drivers = await parts.openDrivers(home)
  metrics.knowDrivers(drivers.map(({ name }) => name))
  metrics.countBy(() => countRows(store, host))
  const engine = createEngine({ ...parts, store, host, drivers, meter, options: { ...engineOptions(config), ...parts.options } })
  metrics.showPools(() => engine.pools.list())
  const gone = () => engine.pools.takeOver()
  const peers = openPeers(config, { ...parts, store, host, socket: home.socket, gone })
  // Others hear of the end of this server once nothing is held here any more.
  shutdown.later('peers', () => peers?.close())
  // The engine lets go of the drivers too.
  shutdown.later('engine', () => engine.close())
  await engine.start()

  const asked = Promise.withResolvers<void>()
  const system = { version, home: home.root, pid, startedAt }
  const stop = () => asked.resolve()
  const serving = await serve(
    {
      engine,
      drivers,
      store,
      host,
      settings: shownSettings(loaded),
      log,
      clock,
      system,
      metrics,
      stop,
      auth,
      corsOrigins,
      openMetrics,
      peers,
    },
    { socket: home.socket, listen: config.listen, tls: tlsFilesOf(config) },
  )
  shutdown.later('api', () => serving.close())
  await peers?.start(advertisedUrl(config, serving.url))

  const tookMs = Math.round(clock.now() - startedAt)
  log.info('server.ready', { version, pid, home: home.root, socket: home.socket, url: serving.url, tookMs })
  if (readyFd !== undefined) tellReady(readyFd, { ready: true, pid, socket: home.socket, url: serving.url }, log)
  return { socket: home.socket, url: serving.url, asked: asked.promise, close: () => shutdown.run() }
}

function tlsFilesOf({ tlsCert, tlsKey }: LoadedConfig['config']): TlsFiles | undefined {
  return tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey }
}

function tellReady(fd: number, news: object, log: Log): void {
  try {
    writeSync(fd, `${JSON.stringify(news)}\n`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    // Whoever started the server is gone; others can use it.
    log.info('server.ready_unheard')
  }
}
