/**
 * The real server in a process of its own, on TCP with keys, over machines in memory; whoever started it can also make its
 * driver, its store and its guests misbehave (messages over IPC), and ask what it holds.
 */
import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import {
  type DriverErrorKind,
  driverError,
  HearthError,
  type MachineId,
  newMachineId,
  type SnapshotId,
  systemClock,
} from '@hearth/model'
import { generateSshHostKey, InMemoryGuestDouble, type Lie, LyingGuestDouble } from '@hearth/protocol'
import { receiptVerifier, runServer } from '@hearth/server'
import { openSqliteStore, takeFileLock } from '@hearth/store'
import { loadConfig } from '../../../packages/server/src/config/load-config.ts'
import { pinoLog } from '../../../packages/server/src/log/pino-log.ts'
import { type Breakable, breakable } from './breakable-store.ts'
import type { Held, Order } from './orders.ts'
import { openServingGuest, servicePort } from './serving-guest.ts'

/** Something listens there in every machine, and sends back what it gets. */
const echoPorts = [7777, servicePort]

const loaded = await loadConfig({
  argv: [],
  env: process.env,
  isRoot: false,
  userHome: homedir(),
  assets: '/nowhere',
})
const log = pinoLog(loaded.config.log)
const host = new MemoryHost()
let store: Breakable | undefined
let lie: Lie | undefined

const server = await runServer(loaded, {
  version: '0.0.0-fuzz',
  pid: process.pid,
  startedAt: systemClock.now(),
  log,
  clock: systemClock,
  random: (size) => randomBytes(size),
  openGuest: openServingGuest,
  receipts: receiptVerifier,
  newSshHostKey: () => generateSshHostKey(),
  takeLock: takeFileLock,
  openStore: async (path, name) => {
    store = breakable(await openSqliteStore({ path, host: name, log }))
    return store.store
  },
  openDrivers: async () => [
    new MemoryDriver({
      host,
      newGuest: (options) => {
        const ordered = lie
        lie = undefined
        return ordered
          ? new LyingGuestDouble({ ...options, echoPorts, lie: ordered })
          : new InMemoryGuestDouble({ ...options, echoPorts })
      },
    }),
  ],
})

process.on('message', (message: { readonly number: number; readonly order: Order }) => {
  carryOut(message.order).then(
    (result) => process.send?.({ number: message.number, result }),
    (error: unknown) => process.send?.({ number: message.number, error: String(error) }),
  )
})
const orphaned = () => process.exit(1)
process.once('disconnect', orphaned)
process.send?.({ ready: { url: server.url, home: loaded.config.home } })

async function carryOut(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'fail':
      return host.faults.fail(order.point, failureOf(order.kind))
    case 'hang':
      return host.faults.hang(order.point)
    case 'lie':
      lie = order.lie
      return
    case 'break_store':
      store?.fail(order.code && new HearthError(order.code, 'the store was made to fail'), order.table)
      return
    case 'forget_image':
      return void [...host.templates.keys()]
        .filter((ref) => ref.startsWith(`${order.name}@`))
        .map((ref) => host.templates.delete(ref))
    case 'flip_byte':
      return host.flipByte(order.snapshot as SnapshotId)
    case 'crash':
      return host.crash(order.machine as MachineId)
    case 'plant_stranger':
      return plantStranger(order.like as MachineId)
    case 'plant_pending':
      return store?.store.idempotency.insert({
        ...order.record,
        state: 'pending',
        host: 'h-ffffffffffffffff',
        createdAt: Date.now(),
      })
    case 'holds':
      return holds()
    case 'close':
      await server.close()
      // Guests in memory sleep a while longer than their machines.
      process.off('disconnect', orphaned)
      process.once('disconnect', () => process.exit(0))
      setImmediate(() => process.disconnect())
      return
  }
}

function failureOf(kind: DriverErrorKind | undefined): Error {
  const why = 'it was made to fail'
  return kind === undefined ? new Error(why) : driverError(kind, why)
}

/** The row of a machine that another server looks after. */
async function plantStranger(like: MachineId): Promise<string> {
  const row = await store?.store.machines.get(like)
  if (!row || !store) throw new Error(`there is no machine ${like}`)
  const { rev: _, name: __, ...rest } = row
  const id = newMachineId((size) => randomBytes(size))
  await store.store.machines.insert({ ...rest, id, host: 'h-ffffffffffffffff' })
  return id
}

function holds(): Held {
  globalThis.gc?.()
  const kinds = process.getActiveResourcesInfo()
  return {
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    heapMiB: process.memoryUsage().heapUsed / 2 ** 20,
    sockets: kinds.filter((kind) => kind === 'TCPSocketWrap').length,
    timers: kinds.filter((kind) => kind === 'Timeout').length,
    machines: host.machines.size,
    snapshots: host.snapshots.size,
    templates: host.templates.size,
  }
}
