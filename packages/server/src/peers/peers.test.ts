import { ManualClock, memoryStore } from '@hearth/conformance'
import { type StateStore, silentLog } from '@hearth/model'
import { expect, it, vi } from 'vitest'
import { Peers } from './peers.ts'

const leaseMs = 3000

async function started(
  store: StateStore,
  clock: ManualClock,
  host: string,
  secret = host,
): Promise<{ peers: Peers; left: string[] }> {
  const left: string[] = []
  const self = { host, socket: `/${host}.sock`, computer: 'c', secret, startedAt: 0 }
  const gone = async (other: string) => void left.push(other)
  const peers = new Peers({ store, clock, log: silentLog, self, leaseMs, gone })
  await peers.start(`http://${host}:1`)
  return { peers, left }
}

/** Lets all look once. */
async function look(clock: ManualClock, times = 1): Promise<void> {
  for (let n = 0; n < times; n++) {
    clock.advance(600)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

it('find each other, and are told when one says goodbye', async () => {
  const [store, clock] = [memoryStore(), new ManualClock()]
  const one = await started(store, clock, 'h-1')
  expect(one.peers.hasOthers).toBe(false)
  const two = await started(store, clock, 'h-2')
  expect(two.peers.live('h-1')?.entry).toMatchObject({ url: 'http://h-1:1', socket: '/h-1.sock' })
  expect(two.peers.live('h-2')).toBeUndefined()
  await look(clock)
  await vi.waitFor(() => expect(one.peers.hasOthers).toBe(true))
  const gone = one.peers.live('h-2')?.gone
  await two.peers.close()
  await look(clock)
  await vi.waitFor(() => expect(one.left).toEqual(['h-2']))
  expect(gone?.aborted).toBe(true)
  await one.peers.close()
  expect(await store.servers.list()).toEqual([])
})

it('stay alive for each other as long as they are heard of, and not longer', async () => {
  const [store, clock] = [memoryStore(), new ManualClock()]
  const one = await started(store, clock, 'h-1')
  await store.servers.announce({ ...one.peers.self, host: 'h-0', secret: 'dead', untilMs: clock.now() + leaseMs })
  const two = await started(store, clock, 'h-2')
  expect(two.peers.live('h-0')).toBeDefined()
  await look(clock, 8)
  await vi.waitFor(() => expect(two.left).toEqual(['h-0']))
  expect(two.peers.live('h-1')).toBeDefined()
  for (const { peers } of [one, two]) await peers.close()
})

it('take a server that was started anew for another one', async () => {
  const [store, clock] = [memoryStore(), new ManualClock()]
  const one = await started(store, clock, 'h-1')
  await store.servers.announce({ ...one.peers.self, host: 'h-2', secret: 'first', untilMs: clock.now() + 60_000 })
  await look(clock)
  await vi.waitFor(() => expect(one.peers.live('h-2')).toBeDefined())
  const before = one.peers.live('h-2')?.gone
  await store.servers.announce({ ...one.peers.self, host: 'h-2', secret: 'second', untilMs: clock.now() + 60_000 })
  await look(clock)
  await vi.waitFor(() => expect(one.peers.live('h-2')?.entry.secret).toBe('second'))
  expect([before?.aborted, one.peers.live('h-2')?.gone.aborted]).toEqual([true, false])
  await one.peers.close()
})
