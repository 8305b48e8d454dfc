import type { ServerEntry } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'

const one: ServerEntry = {
  host: 'h-1',
  url: 'https://one.example:4747',
  socket: '/home/one/hearth.sock',
  computer: 'boot-1',
  secret: 'first',
  startedAt: 100,
  untilMs: 15_100,
}
const { url: _, ...silent } = { ...one, host: 'h-0', secret: 'other' }

/** Which servers there are. */
export function describeServers(store: CurrentStore): void {
  describe('servers', () => {
    it('are all that were announced, by host, as they were announced last', async () => {
      const { servers } = store()
      expect(await servers.list()).toEqual([])
      await servers.announce(one)
      await servers.announce(silent)
      expect(await servers.list()).toEqual([silent, one])
      const { url: gone, ...later } = { ...one, untilMs: 20_000 }
      await servers.announce(later)
      expect(await servers.list()).toEqual([silent, later])
    })

    it('say goodbye for themselves, not for whoever came after them', async () => {
      const { servers } = store()
      await servers.announce(one)
      await servers.announce({ ...one, secret: 'second' })
      await servers.withdraw('h-1', 'first')
      expect((await servers.list()).map(({ secret }) => secret)).toEqual(['second'])
      await servers.withdraw('h-1', 'second')
      expect(await servers.list()).toEqual([])
      await servers.withdraw('h-1', 'second')
    })
  })
}
