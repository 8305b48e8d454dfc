import { ManualClock, memoryStore } from '@hearth/conformance'
import type { AccessKey } from '@hearth/model'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ownerCaller } from './caller.ts'
import { KeyRing } from './key-ring.ts'
import { testAuth } from './testing/test-auth.ts'

const store = memoryStore()
let clock: ManualClock
let made: { key: AccessKey; secret: string }

beforeEach(async () => {
  clock = new ManualClock()
  made = await testAuth({ store, clock }).keys.create(ownerCaller, {
    name: 'a',
    scope: 'use',
    namespaces: '*',
    format: 'hearth',
  })
})

describe('the ring', () => {
  it('asks the store once for requests in a row, and again after three seconds', async () => {
    const byHash = vi.fn(store.keys.byHash)
    const ring = new KeyRing({ byHash }, clock)
    await Promise.all([ring.find(made.secret), ring.find(made.secret)])
    clock.advance(2999)
    expect((await ring.find(made.secret))?.id).toBe(made.key.id)
    expect(byHash).toHaveBeenCalledTimes(1)
    clock.advance(1)
    await ring.find(made.secret)
    expect(byHash).toHaveBeenCalledTimes(2)
  })

  it('does not remember what is no key', async () => {
    const ring = new KeyRing(store.keys, clock)
    expect(await ring.find('nothing')).toBeUndefined()
    expect([ring.hasSeen('nothing'), ring.hasSeen(made.secret)]).toEqual([false, false])
    await ring.find(made.secret)
    expect(ring.hasSeen(made.secret)).toBe(true)
  })

  it('does not believe an answer that was asked for before the key changed', async () => {
    const answers: ((key: AccessKey) => void)[] = []
    const byHash = () => new Promise<AccessKey>((resolve) => answers.push(resolve))
    const ring = new KeyRing({ byHash }, clock)
    const found = ring.find(made.secret)
    ring.forget(made.key.id)
    answers[0]?.(made.key)
    await vi.waitFor(() => expect(answers.length).toBe(2))
    answers[1]?.({ ...made.key, revokedAt: clock.now() })
    expect(await found).toBeUndefined()
  })

  it('refuses a row that the store found by mistake', async () => {
    const ring = new KeyRing({ byHash: async () => ({ ...made.key, hash: '0'.repeat(64) }) }, clock)
    expect(await ring.find(made.secret)).toBeUndefined()
  })

  it('passes on that the store does not answer, and asks again', async () => {
    const byHash = vi.fn(store.keys.byHash).mockRejectedValueOnce(new Error('gone'))
    const ring = new KeyRing({ byHash }, clock)
    await expect(ring.find(made.secret)).rejects.toThrow('gone')
    expect((await ring.find(made.secret))?.id).toBe(made.key.id)
  })
})
