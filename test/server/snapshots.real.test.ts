import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { apiClient, type Call, type Fields, itemsOf } from './support/api-client.ts'
import { buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let server: MemoryServer
let call: Call

beforeEach(async () => {
  folder = await scratchFolder()
  const home = join(folder.path, 'home')
  server = await memoryServer(home)
  call = apiClient(home)
  await buildBase(home)
  await call('POST', '/v1/machines', { template: 'base', name: 'web' })
})
afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

const snapshot = async (body: object = {}, machine = 'web') =>
  (await call('POST', `/v1/machines/${machine}/snapshots?wait=60`, body)).body as Fields & { id: string; rev: number }

it('answers 202 with a place to look while a snapshot is written', async () => {
  const held = server.host.faults.hold('snapshot')
  const begun = await call('POST', '/v1/machines/web/snapshots', { tag: 'one', labels: { a: 'b' }, ttlMs: 0, pinned: true })
  const location = begun.headers.location ?? ''
  expect([begun.status, begun.body]).toEqual([
    202,
    expect.objectContaining({ state: 'creating', tag: 'one', ttlMs: 0, pinned: true }),
  ])
  expect(begun.body).not.toHaveProperty('expiresAt')
  expect((await call('GET', location)).body).toMatchObject({ state: 'creating' })
  expect((await call('POST', '/v1/machines/web/snapshots?wait=0.05')).status).toBe(202)
  held.release()
  await waitUntil('the snapshot to be ready', async () => ((await call('GET', location)).body as Fields).state === 'ready')
})

it('goes on with a snapshot for which nobody waits', async () => {
  const held = server.host.faults.hold('snapshot')
  const begun = await call('POST', '/v1/machines/web/snapshots')
  held.release()
  const { id } = begun.body as { id: string }
  await waitUntil(
    'the snapshot to be ready',
    async () => ((await call('GET', `/v1/snapshots/${id}`)).body as Fields).state === 'ready',
  )
})

it('finds snapshots by what they are, a page at a time', async () => {
  const one = await snapshot({ tag: 'one', labels: { a: '1' } })
  const two = await snapshot({ tag: 'two', labels: { a: '1', b: '2' } })
  const restored = (await call('POST', `/v1/snapshots/${one.id}/restore`, { name: 'clone' })).body as { machine: Fields }
  expect(restored.machine).toMatchObject({ name: 'clone', restoredFrom: one.id })
  const three = await snapshot({ pinned: true }, 'clone')
  const found = async (query: string) => itemsOf(await call('GET', `/v1/snapshots?${query}`)).map(({ id }) => id)
  expect(await found('kind=user')).toEqual([three.id, two.id, one.id])
  expect(await found('tag=two')).toEqual([two.id])
  expect(await found('label=a=1&label=b=2')).toEqual([two.id])
  expect(await found(`parent=${one.id}`)).toEqual([three.id])
  expect(await found('pinned=1')).toEqual([three.id])
  expect(await found('kind=user&state=ready&template=base&limit=1')).toEqual([three.id])
  expect(await found('state=failed')).toEqual([])
  expect(await found(`kind=user&createdBefore=${encodeURIComponent(String(two.createdAt))}`)).toEqual([one.id])
  expect(itemsOf(await call('GET', '/v1/machines/web/snapshots')).map(({ id }) => id)).toEqual([two.id, one.id])
  const tree = (await call('GET', `/v1/snapshots/${three.id}/tree`)).body as { root: string; items: Fields[] }
  expect(tree.items.map(({ id }) => id)).toEqual([tree.root, one.id, three.id])
})

it('changes tag, labels, time and pin, for the version that was seen', async () => {
  const { id, rev } = await snapshot({ tag: 'one', labels: { a: '1' } })
  const patch = (body: object, seen: number) => call('PATCH', `/v1/snapshots/${id}`, body, { 'if-match': `"${seen}"` })
  const changed = await patch({ tag: null, labels: { b: '2' }, ttlMs: 0, pinned: true }, rev)
  expect(changed.body).toMatchObject({ labels: { b: '2' }, ttlMs: 0, pinned: true })
  expect(changed.body).not.toHaveProperty('tag')
  expect((await patch({ pinned: false }, rev)).status).toBe(412)
  expect((await call('PATCH', `/v1/snapshots/${id}`, { colour: 'red' })).status).toBe(400)
  expect((await call('DELETE', `/v1/snapshots/${id}`, undefined, { 'if-match': '"1"' })).status).toBe(412)
  expect((await call('DELETE', `/v1/snapshots/${id}`)).status).toBe(204)
})

it('starts fresh from one whose time is over, unless it is forced', async () => {
  const { id } = await snapshot({ ttlMs: 1 })
  const fresh = await call('POST', `/v1/snapshots/${id}/restore`)
  expect([fresh.status, fresh.body]).toEqual([201, expect.objectContaining({ restoredFromSnapshot: false, ttlExpired: true })])
  const forced = await call('POST', `/v1/snapshots/${id}/restore`, { force: true })
  expect(forced.body).toMatchObject({ restoredFromSnapshot: true, ttlExpired: true, machine: { restoredFrom: id } })
})

it('copies into another namespace', async () => {
  await call('POST', '/v1/namespaces', { name: 'red', snapshotLimit: 1 })
  const { id } = await snapshot({ tag: 'one' })
  const copy = await call('POST', `/v1/snapshots/${id}/copy`, { namespace: 'red', ttlMs: 60_000 })
  expect([copy.status, copy.body]).toEqual([201, expect.objectContaining({ namespace: 'red', tag: 'one', ttlMs: 60_000 })])
  expect(copy.headers.location).toMatch(/^\/v1\/namespaces\/red\/snapshots\/s-/)
  const full = await call('POST', `/v1/snapshots/${id}/copy`, { namespace: 'red' })
  expect([full.status, full.body]).toEqual([403, expect.objectContaining({ code: 'limit_reached' })])
  expect((await call('POST', `/v1/snapshots/${id}/copy`, { namespace: 'none' })).status).toBe(404)
})

it('refuses what cannot be', async () => {
  await call('POST', '/v1/machines/web/pause')
  expect((await call('POST', '/v1/machines/web/snapshots')).body).toMatchObject({ code: 'machine_not_running', status: 409 })
  expect((await call('POST', '/v1/machines/nobody/snapshots')).status).toBe(404)
  expect((await call('POST', '/v1/snapshots/s-0000000000000000/restore')).status).toBe(404)
  expect((await call('POST', '/v1/snapshots/nonsense/restore')).status).toBe(400)
  expect((await call('POST', '/v1/machines/web/snapshots', { ttlMs: -1 })).status).toBe(400)
  expect((await call('POST', '/v1/machines/web/snapshots?wait=601')).status).toBe(400)
})
