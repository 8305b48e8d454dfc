import { randomBytes } from 'node:crypto'
import { closeSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isHearthError, type Log, type MachineDriver, messageOf, type PassFailpoint, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { openPostgresStore, openSqliteStore, takeFileLock } from '@hearth/store'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/settings.ts'
import { shownSettings } from '../config/shown-settings.ts'
import type { HomeLayout } from '../home/home-layout.ts'
import { pinoLog } from '../log/pino-log.ts'
import { receiptVerifier } from '../receipt-verifier.ts'
import { runServer } from '../run-server.ts'
import { failpointFrom } from './failpoint.ts'

/** sysexits.h: EX_TEMPFAIL. Another server has the home; whoever started this one uses that. */
const lockTakenCode = 75

const startedAt = Date.now() - performance.now()

/** The whole life of the server's process; resolves to its exit code. */
export async function main(): Promise<number> {
  try {
    const loaded = await loadConfig({
      argv: process.argv.slice(2),
      env: process.env,
      isRoot: process.getuid?.() === 0,
      userHome: homedir(),
      assets: fileURLToPath(new URL('../../../../build', import.meta.url)),
    })
    if (loaded.showOnly) process.stdout.write(`${JSON.stringify(shownSettings(loaded))}\n`)
    else await runUntilAsked(loaded)
    return 0
  } catch (error) {
    const hint = isHearthError(error) && error.hint !== undefined ? `\n${error.hint}` : ''
    process.stderr.write(`hearth server: ${messageOf(error)}${hint}\n`)
    return isHearthError(error, 'state_conflict') && error.details?.home !== undefined ? lockTakenCode : 1
  }
}

async function runUntilAsked(loaded: LoadedConfig): Promise<void> {
  const { config, readyFd } = loaded
  const log = pinoLog(config.log)
  const failpoint = failpointFrom(process.env.HEARTH_FAILPOINT)
  const signalled = nextSignal()
  const server = await runServer(loaded, {
    version: versionOfThis(),
    pid: process.pid,
    startedAt,
    log,
    clock: systemClock,
    random: (size) => randomBytes(size),
    openGuest,
    receipts: receiptVerifier,
    newSshHostKey: () => generateSshHostKey(),
    ...(failpoint && { failpoint }),
    takeLock: takeFileLock,
    openStore: (path, host) =>
      config.database === undefined
        ? openSqliteStore({ path, host, log })
        : openPostgresStore({ url: config.database, host, log }),
    openDrivers: (home) => Promise.all(config.drivers.map((name) => openDriver(name, home, config, log, failpoint))),
  })
  if (readyFd !== undefined) closeSync(readyFd)
  const why = await Promise.race([signalled, server.asked.then(() => 'the API')])
  log.info('server.stopping', { why })
  await server.close()
  log.info('server.stopped')
}

/** Each driver is loaded only where it is used. */
async function openDriver(
  name: Config['drivers'][number],
  home: HomeLayout,
  config: Config,
  log: Log,
  failpoint: PassFailpoint | undefined,
): Promise<MachineDriver> {
  const drivers = await import('@hearth/drivers')
  switch (name) {
    case 'qemu':
      return drivers.createQemuDriver({
        home: home.root,
        assets: config.assets,
        acceleration: config.accel,
        log,
        ...(failpoint && { failpoint }),
      })
    case 'memory':
      return new drivers.MemoryDriver({ host: new drivers.MemoryHost() })
  }
}

/** The first signal asks to end; the second one does not wait. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.once(name, () => {
        resolve(name)
        process.once(name, () => process.exit(130))
      })
    }
  })
}

function versionOfThis(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}
