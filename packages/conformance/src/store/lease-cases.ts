import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'

/** What only one may do at a time; all times are made up. */
export function describeLeases(store: CurrentStore): void {
  const take = (owner: string, untilMs: number, nowMs: number, name = 'cleaner') =>
    store().leases.take(name, owner, untilMs, nowMs)

  describe('leases', () => {
    it('belong to one until their moment, and each new holder has a higher generation', async () => {
      expect(await take('a', 1000, 0)).toEqual({ generation: 1 })
      expect(await take('b', 2000, 999)).toBeUndefined()
      expect(await take('b', 2000, 1000)).toEqual({ generation: 2 })
      expect(await take('a', 3000, 1001)).toBeUndefined()
      expect(await take('a', 3000, 2000)).toEqual({ generation: 3 })
    })

    it('are prolonged by their holder, who keeps the generation, in time or late', async () => {
      await take('a', 1000, 0)
      expect(await take('a', 2000, 500)).toEqual({ generation: 1 })
      expect(await take('b', 9000, 1500)).toBeUndefined()
      expect(await take('a', 5000, 4000)).toEqual({ generation: 1 })
    })

    it('are free at once when released, by their holder only', async () => {
      await take('a', 1000, 0)
      await store().leases.release('cleaner', 'b')
      expect(await take('b', 1000, 1)).toBeUndefined()
      await store().leases.release('cleaner', 'a')
      expect(await take('b', 1000, 1)).toEqual({ generation: 2 })
      await store().leases.release('cleaner', 'b')
      expect(await take('b', 1000, 2)).toEqual({ generation: 3 })
      await store().leases.release('never taken', 'b')
    })

    it('tell who has them, as long as they last', async () => {
      const { leases } = store()
      expect(await leases.holder('cleaner', 0)).toBeUndefined()
      await take('a', 1000, 0)
      expect(await leases.holder('cleaner', 999)).toBe('a')
      expect(await leases.holder('cleaner', 1000)).toBeUndefined()
      await take('b', 3000, 1000)
      await leases.release('cleaner', 'b')
      expect(await leases.holder('cleaner', 1001)).toBeUndefined()
    })

    it('are no concern of each other', async () => {
      expect(await take('a', 1000, 0, 'one')).toEqual({ generation: 1 })
      expect(await take('b', 1000, 0, 'two')).toEqual({ generation: 1 })
    })

    it('go to one of many who want it at once', async () => {
      const wanted = Array.from({ length: 10 }, (_, n) => take(`owner-${n}`, 1000, 0))
      expect((await Promise.all(wanted)).filter((taken) => taken !== undefined)).toEqual([{ generation: 1 }])
    })
  })
}
