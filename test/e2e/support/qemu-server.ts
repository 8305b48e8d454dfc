import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createQemuDriver, type QemuDriverOptions } from '@hearth/drivers'
import type { EngineOptions } from '@hearth/engine'
import { type MachineDriver, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { type Config, defaultConfig, type LoadedConfig, type RunningServer, receiptVerifier, runServer } from '@hearth/server'
import { openSqliteStore, takeFileLock } from '@hearth/store'

/** What a proof changes about the server; everything else is the product's own. */
export interface QemuServerOptions {
  readonly engine?: Partial<EngineOptions>
  readonly intercept?: QemuDriverOptions['intercept']
  /** Stands between the engine and the driver. */
  readonly wrap?: (driver: MachineDriver) => MachineDriver
  readonly readyFd?: number
}

/** The real server of `home` on real machines, in this process, with settings that no user has. */
export function qemuServer(home: string, options: QemuServerOptions = {}): Promise<RunningServer> {
  const { engine = {}, intercept, wrap = (driver) => driver, readyFd } = options
  const assets = process.env.HEARTH_ASSETS ?? join(import.meta.dirname, '../../../build')
  const log = silentLog
  const config: Config = {
    ...defaultConfig({ isRoot: false, userHome: home, assets }),
    home,
    log: 'silent',
  }
  const origins = Object.fromEntries(Object.keys(config).map((name) => [name, 'default'])) as LoadedConfig['origins']
  return runServer(
    { config, origins, readyFd },
    {
      version: '0.0.0-test',
      pid: process.pid,
      startedAt: systemClock.now(),
      log,
      clock: systemClock,
      random: (size) => randomBytes(size),
      options: engine,
      openGuest,
      receipts: receiptVerifier,
      newSshHostKey: () => generateSshHostKey(),
      takeLock: takeFileLock,
      openStore: (path, host) => openSqliteStore({ path, host, log }),
      openDrivers: async () => [
        wrap(await createQemuDriver({ home, assets, acceleration: 'auto', log, ...(intercept && { intercept }) })),
      ],
    },
  )
}
