import { defaultNamespace, type Name, type StoredEvent } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, eventOf, machineId } from './rows.ts'

const other = 'other' as Name

/** The order of what happened. */
export function describeEvents(store: CurrentStore): void {
  describe('events', () => {
    it('are none at first', async () => {
      expect(await store().events.latest()).toBe(0)
      expect(await store().events.oldest()).toBe(0)
      expect(await store().events.after(0, { limit: 10 })).toEqual([])
    })

    it('come back as they were, in order, each with a higher number', async () => {
      const { namespace: _, ...bare } = eventOf(2, { removed: true, data: {} })
      for (const event of [eventOf(1), bare, eventOf(3)]) await store().events.append(event)
      const found = await store().events.after(0, { limit: 10 })
      expect(found.map(({ seq: _seq, ...rest }) => rest)).toEqual([eventOf(1), bare, eventOf(3)])
      expect(increasing(found)).toBe(true)
      expect(await store().events.latest()).toBe(found[2]?.seq)
      expect(await store().events.oldest()).toBe(found[0]?.seq)
    })

    it('come in parts behind a number', async () => {
      for (const number of [1, 2, 3, 4, 5]) await store().events.append(eventOf(number))
      const first = await store().events.after(0, { limit: 2 })
      expect(first.map((event) => event.id)).toEqual([1, 2].map(machineId))
      const second = await store().events.after(first[1]?.seq ?? 0, { limit: 10 })
      expect(second.map((event) => event.id)).toEqual([3, 4, 5].map(machineId))
      expect(await store().events.after(second[2]?.seq ?? 0, { limit: 10 })).toEqual([])
    })

    it('can be asked for by namespace; what belongs to none is for all', async () => {
      const { namespace: _, ...nowhere } = eventOf(3)
      for (const event of [eventOf(1), eventOf(2, { namespace: other }), nowhere]) await store().events.append(event)
      const seen = async (namespaces: readonly Name[]) =>
        (await store().events.after(0, { limit: 10, namespaces })).map((event) => event.id)
      expect(await seen([other])).toEqual([2, 3].map(machineId))
      expect(await seen([other, defaultNamespace])).toEqual([1, 2, 3].map(machineId))
      expect(await seen([])).toEqual([machineId(3)])
    })

    it('are missed by nobody who follows them while many write', async () => {
      const writers = 6
      const each = 15
      let writing = true
      const following = follow(store, () => writing)
      const write = async (writer: number) => {
        for (let n = 0; n < each; n++) {
          const number = writer * each + n
          if (n % 3 === 0) await store().events.append(eventOf(number))
          else await store().machines.insert(bareMachine(number), { event: eventOf(number) })
        }
      }
      await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
      writing = false
      const seen = await following
      expect(increasing(seen)).toBe(true)
      expect(new Set(seen.map((event) => event.id)).size).toBe(writers * each)
      expect(seen).toHaveLength(writers * each)
    })

    it('are forgotten by age, but for the newest, and numbers never come again', async () => {
      for (const number of [1, 2, 3]) await store().events.append(eventOf(number))
      const all = await store().events.after(0, { limit: 10 })
      expect(await store().events.prune(eventOf(2).at)).toBe(1)
      expect(await store().events.oldest()).toBe(all[1]?.seq)
      expect(await store().events.prune(eventOf(9).at)).toBe(1)
      expect(await store().events.after(0, { limit: 10 })).toEqual([all[2]])
      expect(await store().events.prune(eventOf(9).at)).toBe(0)
      await store().events.append(eventOf(4))
      expect(await store().events.latest()).toBeGreaterThan(all[2]?.seq ?? 0)
    })

    it('wake those who watch, until they stop', async () => {
      let heard = 0
      const arrived = Promise.withResolvers<void>()
      const stop = store().events.watch(() => {
        heard += 1
        arrived.resolve()
      })
      await store().machines.insert(bareMachine(1), { event: eventOf(1) })
      await arrived.promise
      stop()
      const before = heard
      await store().events.append(eventOf(2))
      expect(heard).toBe(before)
    })

    it('wake nobody for a change that was not made', async () => {
      await store().machines.insert(bareMachine(1))
      let heard = 0
      const stop = store().events.watch(() => {
        heard += 1
      })
      const before = heard
      await expect(store().machines.insert(bareMachine(1), { event: eventOf(1) })).rejects.toThrow()
      expect(heard).toBe(before)
      stop()
    })
  })
}

/** Reads behind the newest number it has seen, over and over, while `more` says so and once again. */
async function follow(store: CurrentStore, more: () => boolean): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  for (let last = false; ; last = !more()) {
    const found = await store().events.after(seen.at(-1)?.seq ?? 0, { limit: 1000 })
    seen.push(...found)
    if (last && found.length === 0) return seen
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function increasing(events: readonly StoredEvent[]): boolean {
  return events.every((event, n) => event.seq > (events[n - 1]?.seq ?? 0))
}
