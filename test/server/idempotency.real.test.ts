import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { type Answered, apiClient, type Call, itemsOf } from './support/api-client.ts'
import { ask, buildBase, type MemoryServer, memoryServer } from './support/memory-server.ts'

let folder: ScratchFolder
let home: string
let server: MemoryServer
let call: Call

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await memoryServer(home)
  call = apiClient(home)
  await buildBase(home)
})
afterEach(async () => {
  await server.close()
  await folder[Symbol.asyncDispose]()
})

const once = (path: string, body: unknown, key = 'k-1') => call('POST', path, body, { 'idempotency-key': key })
const replayed = ({ headers }: Answered) => headers['idempotency-replayed'] === 'true'
const live = async () => itemsOf(await call('GET', '/v1/machines'))

it('gives the first answer again to the same request, whatever the order of its fields', async () => {
  const first = await once('/v1/machines', { template: 'base', name: 'web', env: { A: '1', B: '2' } })
  const second = await once('/v1/machines', { env: { B: '2', A: '1' }, name: 'web', template: 'base' })
  expect([first.status, replayed(first), second.status, replayed(second)]).toEqual([201, false, 201, true])
  expect([second.body, second.headers.location]).toEqual([first.body, first.headers.location])
  expect(await live()).toHaveLength(1)
})

it('refuses another request under the same key', async () => {
  await once('/v1/machines', { template: 'base' })
  for (const [path, body] of [
    ['/v1/machines', { template: 'base', name: 'x' }],
    ['/v1/namespaces/default/machines', { template: 'base' }],
    ['/v1/namespaces', { name: 'red' }],
  ] as const) {
    const answer = await once(path, body)
    expect([answer.status, answer.body]).toEqual([422, expect.objectContaining({ code: 'idempotency_mismatch' })])
  }
  expect((await once('/v1/machines', { template: 'base' }, 'two words')).status).toBe(400)
})

it('lets fifty of the same request at once make one machine', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => once('/v1/machines', { template: 'base' })))
  expect(new Set(answers.map(({ body }) => (body as { id: string }).id)).size).toBe(1)
  expect(answers.filter(replayed)).toHaveLength(49)
  expect(await live()).toHaveLength(1)
})

it('goes on without its client, who finds the answer later', async () => {
  const held = server.host.faults.hold('restore')
  const leave = new AbortController()
  const gone = new Promise<void>((resolve) => {
    const asked = ask(home, 'POST', '/v1/machines', { template: 'base' }, leave.signal, { 'idempotency-key': 'k-1' })
    asked.catch(() => resolve())
  })
  await held.reached
  leave.abort()
  await gone
  const again = once('/v1/machines', { template: 'base' })
  held.release()
  expect((await again).body).toMatchObject({ state: 'running' })
  expect(await live()).toHaveLength(1)
})

it('keeps a refusal that would be the same again, and lets what failed for a while be tried again', async () => {
  await once('/v1/machines', { template: 'base', name: 'web' }, 'k-0')
  const taken = await once('/v1/machines', { template: 'base', name: 'web' })
  expect(taken.body).toMatchObject({ code: 'name_taken' })
  server.host.faults.fail('restore')
  const broken = await once('/v1/machines', { template: 'base', boot: 'restored' }, 'k-2')
  expect(broken.status).toBeGreaterThanOrEqual(500)
  const mended = await once('/v1/machines', { template: 'base', boot: 'restored' }, 'k-2')
  expect([mended.status, replayed(mended)]).toEqual([201, false])
})

it('covers everything that makes something', async () => {
  await call('POST', '/v1/machines', { template: 'base', name: 'web' })
  const made = await call('POST', '/v1/machines/web/snapshots?wait=60')
  const { id } = made.body as { id: string }
  const requests = [
    ['/v1/machines/web/fork', { count: 2 }],
    ['/v1/machines/web/snapshots?wait=60', { tag: 'x' }],
    [`/v1/snapshots/${id}/restore`, {}],
    [`/v1/snapshots/${id}/copy`, { tag: 'copy' }],
    ['/v1/templates?wait=60', { name: 'other', source: 'builtin:base', noCache: true }],
    ['/v1/namespaces', { name: 'red' }],
  ] as const
  for (const [path, body] of requests) {
    const [first, second] = [await once(path, body, `k ${path}`.replace(/ /g, '-')), await once(path, body, `k-${path}`)]
    expect([path, second.status, replayed(second), second.body]).toEqual([path, first.status, true, first.body])
  }
  expect(await live()).toHaveLength(4)
  expect(itemsOf(await call('GET', '/v1/snapshots?kind=user'))).toHaveLength(3)
  expect(itemsOf(await call('GET', '/v1/templates'))).toHaveLength(2)
})

it('tells after a restart what the first request made, though nobody was told', async () => {
  const first = await once('/v1/machines', { template: 'base' })
  const { id } = first.body as { id: string }
  await server.close()
  server = await memoryServer(home, { host: server.host })
  const again = await once('/v1/machines', { template: 'base' })
  expect([again.body, replayed(again)]).toEqual([first.body, true])
  await waitUntil('the machine to be there', async () => (await live()).some((machine) => machine.id === id))
})
