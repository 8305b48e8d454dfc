import { type StateStore, silentLog } from '@hearth/model'
import { openPostgresStore } from '@hearth/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ownerCaller } from '../../packages/server/src/auth/caller.ts'
import { authBed } from '../../packages/server/src/auth/testing/auth-bed.ts'
import { PostgresServer, postgresMissing } from '../support/postgres.ts'

describe.skipIf(postgresMissing)(postgresMissing || 'two servers that share a PostgreSQL', () => {
  let postgres: PostgresServer
  let stores: [StateStore, StateStore]
  beforeAll(async () => {
    postgres = await PostgresServer.start()
    const url = await postgres.database()
    const open = (host: string) => openPostgresStore({ url, host, log: silentLog })
    stores = [await open('one'), await open('two')]
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
    await postgres[Symbol.asyncDispose]()
  })

  it('take the same keys, and what one revokes the other refuses three seconds later', async () => {
    await using one = await authBed({ store: stores[0] })
    await using two = await authBed({ store: stores[1] })
    await one.key()
    const { key, secret } = await one.key({ scope: 'use' })
    const ask = async (bed: typeof one) => (await bed.ask('/v1/probe/any/read', { key: secret })).status
    expect([await ask(one), await ask(two)]).toEqual([200, 200])
    await one.auth.keys.revoke(ownerCaller, key.id)
    expect(await ask(one)).toBe(401)
    two.clock.advance(3000)
    expect(await ask(two)).toBe(401)
  })

  it('rotate a key once', async () => {
    await using one = await authBed({ store: stores[0] })
    await using two = await authBed({ store: stores[1] })
    for (let n = 0; n < 20; n++) {
      const { key } = await one.key()
      const asked = await Promise.allSettled([one, two].map((bed) => bed.auth.keys.rotate(ownerCaller, key.id, 0)))
      expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const row = await stores[1].keys.get(key.id)
      const made = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value.key.id] : []))
      expect([row?.rotatedTo]).toEqual(made)
      for (const { id, rotatedTo, revokedAt } of await stores[0].keys.list()) {
        if (rotatedTo === undefined && revokedAt === undefined) await one.auth.keys.revoke(ownerCaller, id)
      }
    }
    expect((await stores[0].keys.list()).filter(({ revokedAt }) => revokedAt === undefined)).toEqual([])
  })

  it('write one audit log', async () => {
    await using one = await authBed({ store: stores[0] })
    await using two = await authBed({ store: stores[1] })
    const { key, secret } = await one.key()
    for (const bed of [one, two, one]) {
      await bed.ask('/v1/probe/namespaces/default/use', { method: 'POST', key: secret })
      await bed.auth.audit.flush()
    }
    const { items } = await two.auth.auditPage({ limit: 3 })
    expect(items.map((entry) => [entry.key, entry.status])).toEqual([1, 2, 3].map(() => [key.id, 200]))
    expect(new Set(items.map(({ seq }) => seq)).size).toBe(3)
  })
})
