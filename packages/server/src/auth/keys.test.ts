import { ManualClock, memoryStore } from '@hearth/conformance'
import { type KeyId, type Name, namespaceNotFound, type StateStore } from '@hearth/model'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Auth } from './auth.ts'
import { type Caller, callerOf, ownerCaller } from './caller.ts'
import type { NewKey } from './keys.ts'
import { testAuth } from './testing/test-auth.ts'

const names = (...all: string[]) => all as Name[]
const wanted: NewKey = { name: 'ci', scope: 'use', namespaces: names('red'), format: 'hearth' }
const dayMs = 86_400_000

let clock: ManualClock
let store: StateStore
let auth: Auth

beforeEach(async () => {
  clock = new ManualClock()
  store = memoryStore()
  auth = testAuth({ clock, store })
  for (const name of names('red', 'blue')) await store.namespaces.insert({ name, labels: {}, snapshotLimit: 1, createdAt: 0 })
})

const create = async (change: Partial<NewKey> = {}, caller: Caller = ownerCaller) =>
  auth.keys.create(caller, { ...wanted, ...change })
const adminOf = (...namespaces: string[]) => callerOf({ scope: 'admin', namespaces: names(...namespaces) })

describe('making a key', () => {
  it('keeps its hash and how it begins, nothing else of it', async () => {
    const { key, secret } = await create({ ttlMs: 1000 })
    expect(JSON.stringify(await store.keys.list())).not.toContain(secret.slice(16))
    expect(key).toMatchObject({ ...(({ format: _, ...rest }) => rest)(wanted), expiresAt: clock.now() + 1000 })
    expect(key.id).toMatch(/^k-[a-z0-9]{16}$/)
  })

  it.each([
    ['a user', callerOf({ scope: 'use', namespaces: '*' }), {}, 'forbidden'],
    ['an admin elsewhere', adminOf('blue'), {}, 'namespace_not_found'],
    ['an admin of some, for more', adminOf('red'), { namespaces: names('red', 'blue') }, 'namespace_not_found'],
    ['an admin of some, for all', adminOf('red'), { namespaces: '*' }, 'forbidden'],
    ['an admin of some, with a limit', adminOf('red'), { requestsPerMinute: 1 }, 'forbidden'],
    [
      'an admin, for what is not there',
      callerOf({ scope: 'admin', namespaces: '*' }),
      { namespaces: names('green') },
      'namespace_not_found',
    ],
  ] as const)('is refused to %s', async (_who, caller, change, code) => {
    await expect(create(change, caller)).rejects.toMatchObject({ code })
    expect(await store.keys.list()).toEqual([])
  })

  it('says the same of a namespace that is hidden and one that is not there', async () => {
    const said = (name: string) => create({ namespaces: names(name) }, adminOf('red')).catch((error: Error) => error.message)
    expect((await said('blue')) as string).toBe(namespaceNotFound('blue').message)
    expect((await said('green')) as string).toBe(namespaceNotFound('green').message)
  })

  it('is open to an admin of the namespace, and the default one is always there', async () => {
    await create({ scope: 'admin' }, adminOf('red', 'blue'))
    await create({ namespaces: names('default') }, adminOf('default'))
    expect(await store.keys.list()).toHaveLength(2)
  })
})

describe('looking at keys', () => {
  it('shows an admin those that are good where it is, newest first', async () => {
    const red = (await create()).key.id
    clock.advance(1)
    const both = (await create({ namespaces: names('red', 'blue') })).key.id
    clock.advance(1)
    const all = (await create({ namespaces: '*' })).key.id
    const seen = async (caller: Caller) => (await auth.keys.list(caller)).map((key) => key.id)
    expect(await seen(ownerCaller)).toEqual([all, both, red])
    expect(await seen(adminOf('red'))).toEqual([red])
    expect(await seen(adminOf('red', 'blue'))).toEqual([both, red])
    await expect(auth.keys.get(adminOf('red'), both)).rejects.toMatchObject({ code: 'key_not_found' })
    await expect(auth.keys.get(ownerCaller, 'k-0000000000000000' as KeyId)).rejects.toMatchObject({ code: 'key_not_found' })
    await expect(auth.keys.list(callerOf({ scope: 'use', namespaces: '*' }))).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('shows those that are good no more only when asked', async () => {
    await create({ ttlMs: 1000 })
    const { key } = await create()
    await auth.keys.revoke(ownerCaller, key.id)
    clock.advance(1000)
    expect(await auth.keys.list(ownerCaller)).toEqual([])
    expect(await auth.keys.list(ownerCaller, { all: true })).toHaveLength(2)
  })

  it('shows every key itself', async () => {
    const { key } = await create({ scope: 'read' })
    expect((await auth.keys.get(callerOf(key), key.id)).id).toBe(key.id)
  })
})

describe('rotating a key', () => {
  it('makes one like it, and the old one is good until its grace is over', async () => {
    const old = await create({ requestsPerMinute: 7, format: 'e2b' })
    const next = await auth.keys.rotate(ownerCaller, old.key.id, dayMs)
    const { name, scope, namespaces, requestsPerMinute } = old.key
    expect(next.key).toMatchObject({ name, scope, namespaces, requestsPerMinute })
    expect(next.secret).toMatch(/^e2b_/)
    expect(next.secret).not.toBe(old.secret)
    const good = async () => [await auth.ring.find(old.secret), await auth.ring.find(next.secret)].map((key) => key !== undefined)
    clock.advance(dayMs - 1)
    expect(await good()).toEqual([true, true])
    clock.advance(1)
    expect(await good()).toEqual([false, true])
  })

  it('without grace ends the old one at once', async () => {
    const { key, secret } = await create()
    await auth.ring.find(secret)
    await auth.keys.rotate(ownerCaller, key.id, 0)
    expect(await auth.ring.find(secret)).toBeUndefined()
  })

  it('gives the new one as long a life', async () => {
    const { key } = await create({ ttlMs: 10 * dayMs })
    clock.advance(9 * dayMs)
    expect((await auth.keys.rotate(ownerCaller, key.id, 0)).key.expiresAt).toBe(clock.now() + 10 * dayMs)
  })

  it('happens once, also when two ask at the same moment', async () => {
    const { key } = await create()
    const asked = await Promise.allSettled([1, 2, 3].map(() => auth.keys.rotate(ownerCaller, key.id, dayMs)))
    expect(asked.filter((one) => one.status === 'fulfilled')).toHaveLength(1)
    expect(asked.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'state_conflict' })
    expect(await store.keys.list()).toHaveLength(2)
  })

  it('is refused for a key that is good no more', async () => {
    const { key } = await create()
    await auth.keys.revoke(ownerCaller, key.id)
    await expect(auth.keys.rotate(ownerCaller, key.id, 0)).rejects.toMatchObject({ code: 'state_conflict' })
  })

  it('does not mind that the key is used at that moment', async () => {
    const { key } = await create()
    const update = store.keys.update.bind(store.keys)
    let disturbances = 2
    store.keys.update = async (id, rev, change, alongside) => {
      if (disturbances-- > 0) await update(id, rev, { lastUsedAt: clock.now() })
      return update(id, rev, change, alongside)
    }
    const next = await auth.keys.rotate(ownerCaller, key.id, 0)
    expect((await store.keys.get(key.id))?.rotatedTo).toBe(next.key.id)
  })
})

describe('revoking a key', () => {
  it('can be asked twice', async () => {
    const { key } = await create()
    await auth.keys.revoke(ownerCaller, key.id)
    const at = (await store.keys.get(key.id))?.revokedAt
    clock.advance(5)
    await auth.keys.revoke(ownerCaller, key.id)
    expect((await store.keys.get(key.id))?.revokedAt).toBe(at)
  })

  it('ends the grace of a rotation', async () => {
    const { key, secret } = await create()
    await auth.keys.rotate(ownerCaller, key.id, dayMs)
    await auth.keys.revoke(ownerCaller, key.id)
    expect(await auth.ring.find(secret)).toBeUndefined()
  })

  it('does not close the last way in over the network', async () => {
    const { key } = await create({ scope: 'admin', namespaces: '*' })
    await create({ scope: 'admin', namespaces: '*', ttlMs: 1 })
    await create({ scope: 'admin' })
    clock.advance(1)
    await expect(auth.keys.revoke(callerOf(key), key.id)).rejects.toMatchObject({ code: 'state_conflict' })
    await create({ scope: 'admin', namespaces: '*' })
    await auth.keys.revoke(callerOf(key), key.id)
    const [last] = await auth.keys.list(ownerCaller)
    await auth.keys.revoke(ownerCaller, last?.id as KeyId)
  })

  it('is refused to whom the key does not exist', async () => {
    const { key } = await create()
    await expect(auth.keys.revoke(adminOf('blue'), key.id)).rejects.toMatchObject({ code: 'key_not_found' })
  })
})
