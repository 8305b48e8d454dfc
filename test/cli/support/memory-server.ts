/**
 * The real server with machines that are only pretended: `node memory-server.ts --home HOME [--port PORT] [--cors ORIGIN] [--tls-cert FILE --tls-key FILE]`; says that it is ready on descriptor 3.
 * For tests of clients; everything from the socket to the engine is the product's own.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { silentLog, systemClock } from '@hearth/model'
import { type Config, defaultConfig, type LoadedConfig, runServer } from '@hearth/server'
import { openSqliteStore, takeFileLock } from '@hearth/store'
import { HostGuest, openHostGuest, trustingVerifier } from './host-guest.ts'

const { values: flags } = parseArgs({
  options: {
    home: { type: 'string' },
    port: { type: 'string' },
    cors: { type: 'string' },
    'tls-cert': { type: 'string' },
    'tls-key': { type: 'string' },
  },
})
const { home = '', port, cors } = flags
const listen = port === undefined ? undefined : { host: '127.0.0.1', port: Number(port) }
const config: Config = {
  ...defaultConfig({ isRoot: false, userHome: '/nonexistent', assets: '/nonexistent' }),
  home,
  log: 'silent',
  listen,
  corsOrigins: cors === undefined ? [] : [cors],
  drivers: ['memory'],
  tlsCert: flags['tls-cert'],
  tlsKey: flags['tls-key'],
}
const origins = Object.fromEntries(Object.keys(config).map((name) => [name, 'default'])) as LoadedConfig['origins']

// Each guest and each of its programs listens for the end of this process.
process.setMaxListeners(0)
const server = await runServer(
  { config, origins, readyFd: 3 },
  {
    version: '0.0.0-test',
    pid: process.pid,
    startedAt: systemClock.now(),
    log: silentLog,
    clock: systemClock,
    random: (size) => randomBytes(size),
    openGuest: openHostGuest,
    receipts: trustingVerifier,
    newSshHostKey: () => ({ type: 'ed25519', privateKey: 'private', publicKey: 'public' }),
    takeLock: takeFileLock,
    openStore: (path, host) => openSqliteStore({ path, host, log: silentLog }),
    openDrivers: async () => [new MemoryDriver({ host: new MemoryHost(), newGuest: (options) => new HostGuest(options) })],
  },
)
const asked = new Promise<void>((resolve) => process.once('SIGTERM', resolve))
await Promise.race([asked, server.asked])
await server.close()
process.exit(0)
