import { ManualClock, memoryStore } from '@hearth/conformance'
import { silentLog } from '@hearth/model'
import { expect, it, vi } from 'vitest'
import { ownerCaller } from './caller.ts'
import { LastUsed } from './last-used.ts'
import { testAuth } from './testing/test-auth.ts'

const minuteMs = 60_000

async function bed() {
  const clock = new ManualClock(10 * minuteMs + 30_000)
  const store = memoryStore()
  const wanted = { name: 'a', scope: 'use', namespaces: '*', format: 'hearth' } as const
  const { key } = await testAuth({ clock, store }).keys.create(ownerCaller, wanted)
  const update = vi.spyOn(store.keys, 'update')
  const used = new LastUsed(store.keys, clock, silentLog)
  return { clock, store, key, update, used, at: async () => (await store.keys.get(key.id))?.lastUsedAt }
}

it('is written once a minute, however often the key is used', async () => {
  const { clock, key, update, used, at } = await bed()
  for (let n = 0; n < 100; n++) used.note(key)
  expect([update.mock.calls.length, clock.sleeping]).toEqual([0, 1])
  clock.advance(minuteMs)
  await vi.waitFor(async () => expect(await at()).toBe(10 * minuteMs))
  expect([update.mock.calls.length, clock.sleeping]).toEqual([1, 0])
})

it('is not written again in the same minute', async () => {
  const { clock, key, used } = await bed()
  used.note({ ...key, lastUsedAt: 10 * minuteMs })
  expect(clock.sleeping).toBe(0)
})

it('is written when the server ends', async () => {
  const { key, used, at } = await bed()
  used.note(key)
  await used.close()
  expect(await at()).toBe(10 * minuteMs)
})

it('tries again when the key was changed at that moment', async () => {
  const { clock, store, key, used, at } = await bed()
  const get = store.keys.get.bind(store.keys)
  store.keys.get = async (id) => {
    const row = await get(id)
    store.keys.get = get
    if (row) await store.keys.update(id, row.rev, { revokedAt: 1 })
    return row
  }
  used.note(key)
  clock.advance(minuteMs)
  await vi.waitFor(() => expect(clock.sleeping).toBe(1))
  expect(await at()).toBeUndefined()
  clock.advance(minuteMs)
  await vi.waitFor(async () => expect(await at()).toBe(10 * minuteMs))
})
