/**
 * The real server with machines that are only pretended: `node memory-server.ts --home HOME --ready-fd 3`.
 * For tests of clients; everything from the socket to the engine is the product's own.
 */
import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { silentLog, systemClock } from '@hearth/model'
import { openSqliteStore, takeFileLock } from '@hearth/store'
import { loadConfig } from '../../../packages/server/src/config/load-config.ts'
import { runServer } from '../../../packages/server/src/run-server.ts'
import { HostGuest, openHostGuest, trustingVerifier } from './host-guest.ts'

const loaded = await loadConfig({
  argv: process.argv.slice(2),
  env: {},
  isRoot: false,
  userHome: homedir(),
  assets: '/nonexistent',
})
const server = await runServer(loaded, {
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
  openStore: (path) => openSqliteStore({ path, log: silentLog }),
  openDrivers: async () => [new MemoryDriver({ host: new MemoryHost(), newGuest: (options) => new HostGuest(options) })],
})
const asked = new Promise<void>((resolve) => process.once('SIGTERM', resolve))
await Promise.race([asked, server.asked])
await server.close()
process.exit(0)
