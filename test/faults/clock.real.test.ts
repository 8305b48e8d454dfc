import { join } from 'node:path'
import { type Clock, systemClock } from '@hearth/model'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { apiClient, type Call, itemsOf } from '../server/support/api-client.ts'
import { buildBase, type MemoryServer, memoryServer } from '../server/support/memory-server.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'

const hourMs = 3_600_000

/** The computer's clock, of which somebody sets the time; what has elapsed it tells as ever. */
let steppedMs = 0
const steppedClock: Clock = { ...systemClock, now: () => systemClock.now() + steppedMs }

let folder: ScratchFolder
let home: string
let server: MemoryServer
let call: Call

beforeEach(async () => {
  steppedMs = 0
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home, { clock: steppedClock })
  call = apiClient(home)
  await buildBase(home)
})
afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

async function stateOf(name: string): Promise<unknown> {
  const found = itemsOf(await call('GET', '/v1/machines?all=1')).find((machine) => machine.name === name)
  return found?.state
}

it('ends what is overdue, and nothing else, when the clock is put on by an hour', async () => {
  await call('POST', '/v1/machines', { template: 'base', name: 'short', timeoutMs: hourMs / 2 })
  await call('POST', '/v1/machines', { template: 'base', name: 'long', timeoutMs: 2 * hourMs })
  await call('POST', '/v1/machines', { template: 'base', name: 'ever' })
  const { body } = await call('POST', '/v1/machines/ever/snapshots?wait=30', { ttlMs: hourMs / 2 })
  steppedMs = hourMs
  // The clock is looked at again within a minute, and at once when a machine has less time than that.
  await call('POST', '/v1/machines', { template: 'base', name: 'next', timeoutMs: 1000 })
  await waitUntil('the end of the next one', async () => (await stateOf('next')) === 'stopped')
  await waitUntil('the end of what is overdue', async () => (await stateOf('short')) === 'stopped')
  expect([await stateOf('long'), await stateOf('ever')]).toEqual(['running', 'running'])
  const restored = await call('POST', `/v1/snapshots/${(body as { id: string }).id}/restore`, {})
  expect(restored.body).toMatchObject({ ttlExpired: true, restoredFromSnapshot: false })
  expect((await call('POST', '/v1/machines/long/exec', { argv: ['true'] })).body).toMatchObject({ code: 0 })
})

it('goes on when the clock is put back by an hour: nothing lives for ever, events keep their order', async () => {
  await call('POST', '/v1/machines', { template: 'base', name: 'early', timeoutMs: hourMs }, { 'idempotency-key': 'k' })
  steppedMs = -hourMs
  await call('POST', '/v1/machines', { template: 'base', name: 'late', timeoutMs: 1000 })
  await waitUntil('the end of the late one', async () => (await stateOf('late')) === 'stopped')
  expect(await stateOf('early')).toBe('running')
  const again = await call(
    'POST',
    '/v1/machines',
    { template: 'base', name: 'early', timeoutMs: hourMs },
    { 'idempotency-key': 'k' },
  )
  expect(again).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } })
  const states = itemsOf(await call('GET', '/v1/machines?all=1')).map(({ name }) => name)
  expect([...states].sort()).toEqual(['early', 'late'])
  steppedMs = hourMs
  await call('POST', '/v1/machines', { template: 'base', name: 'last', timeoutMs: 1000 })
  await waitUntil('the end of the early one', async () => (await stateOf('early')) === 'stopped')
})
