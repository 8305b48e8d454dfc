import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { apiClient, type Call, type Fields } from './support/api-client.ts'
import { buildBase } from './support/memory-server.ts'
import { ServerProcess } from './support/server-process.ts'

interface Heard {
  readonly id: number | undefined
  readonly event: string
  readonly data: Fields
}

let folder: ScratchFolder
let home: string
let server: ServerProcess
let call: Call
const listening: ClientRequest[] = []

beforeEach(async () => {
  folder = await scratchFolder()
  home = join(folder.path, 'home')
  server = await ServerProcess.start(home)
  call = apiClient(home)
})
afterEach(async () => {
  for (const one of listening.splice(0)) one.destroy()
  await server.kill()
  await folder[Symbol.asyncDispose]()
})

/** Listens until it is told to stop, or the server goes away. */
async function listen(path: string, headers: Record<string, string> = {}): Promise<Heard[]> {
  const heard: Heard[] = []
  const asked = request({ socketPath: join(home, 'hearth.sock'), path, headers, agent: false })
  listening.push(asked)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve)
    asked.once('error', reject)
    asked.end()
  })
  expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
  let rest = ''
  answer.on('error', () => undefined) // The server is killed on purpose.
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (!/^:|^event: ready$/m.test(part)) heard.push(parse(part))
  })
  await new Promise((resolve) => answer.once('data', resolve))
  return heard
}

function parse(text: string): Heard {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
  const id = field('id')
  return { id: id === undefined ? undefined : Number(id), event: field('event') ?? '', data: JSON.parse(field('data') ?? '{}') }
}

/** What a server in memory has built dies with it. */
const buildAnew = () => call('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base', noCache: true })

const until = (what: string, is: () => boolean) => waitUntil(what, async () => is())
const states = (heard: readonly Heard[], kind: string) =>
  heard.filter(({ event }) => event === kind).map(({ data }) => data.state)

it('tells each change of state, with what it is about', async () => {
  const heard = await listen('/v1/events')
  await buildBase(home)
  await call('POST', '/v1/machines', { template: 'base', name: 'web' })
  await call('DELETE', '/v1/machines/web')
  await until('the last event', () => states(heard, 'machine').at(-1) === 'stopped')
  expect(states(heard, 'template')).toEqual(['building', 'ready'])
  const machine = heard.findLast(({ data }) => data.state === 'running' && (data.data as Fields).name === 'web')
  expect(machine).toMatchObject({ event: 'machine', data: { namespace: 'default', removed: false, data: { boot: 'restored' } } })
  const ids = heard.map(({ id }) => id ?? 0)
  expect(ids).toEqual([...ids].sort((a, b) => a - b))
  expect(heard.filter(({ id, data }) => id !== data.seq)).toEqual([])
})

it('goes on behind the last event without a gap, also after kill -9 and a restart', async () => {
  await buildBase(home)
  const all = await listen('/v1/events?after=0')
  const before = await listen('/v1/events')
  await call('POST', '/v1/machines', { template: 'base', name: 'one' })
  await until('the first machine', () => states(before, 'machine').includes('running'))
  const last = before.at(-1)?.id ?? 0
  await call('POST', '/v1/machines', { template: 'base', name: 'two' })
  await until('all of it', () =>
    all.some(({ data }) => (data.data as Fields | undefined)?.name === 'two' && data.state === 'running'),
  )
  const missed = all.filter(({ id }) => (id ?? 0) > last)
  await server.kill()
  server = await ServerProcess.start(home)
  const after = await listen('/v1/events', { 'last-event-id': String(last) })
  // Machines in memory die with their server.
  await until('what happened meanwhile', () => states(after, 'machine').filter((state) => state === 'lost').length === 2)
  expect(after.slice(0, missed.length)).toEqual(missed)
})

it('tells of one namespace, or some kinds, only', async () => {
  await buildBase(home)
  await call('POST', '/v1/namespaces', { name: 'red' })
  const red = await listen('/v1/namespaces/red/events')
  const some = await listen('/v1/events?namespace=red&kind=machine')
  await call('POST', '/v1/machines', { template: 'base', name: 'here' })
  await call('POST', '/v1/namespaces/red/machines', { template: 'base', name: 'there' })
  await until('the machine', () => states(red, 'machine').includes('running') && states(some, 'machine').includes('running'))
  expect(JSON.stringify([red, some])).not.toContain('"here"')
  expect(some.every(({ event }) => event === 'machine')).toBe(true)
  expect((await call('GET', '/v1/namespaces/blue/events')).status).toBe(404)
})

it('says what is missing when it is asked for what never was, and refuses nonsense', async () => {
  const heard = await listen('/v1/events?after=999999')
  await until('the gap', () => heard.length > 0)
  expect(heard[0]).toMatchObject({ event: 'gap', data: { after: 999_999 } })
  expect((await call('GET', '/v1/events', undefined, { 'last-event-id': 'x' })).status).toBe(400)
  expect((await call('GET', '/v1/events?after=-1')).status).toBe(400)
})

it.each(['launch.row_written', 'launch.running'])(
  'a request that is repeated after a kill at %s has one effect',
  async (failpoint) => {
    await buildBase(home)
    await server.kill()
    server = await ServerProcess.start(home, { HEARTH_FAILPOINT: failpoint })
    await buildAnew()
    const body = { template: 'base', name: 'web' }
    const headers = { 'idempotency-key': 'k-1' }
    await expect(call('POST', '/v1/machines', body, headers)).rejects.toThrow()
    await server.exit
    server = await ServerProcess.start(home)
    await buildAnew()
    const answer = await call('POST', '/v1/machines', body, headers)
    expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({ name: 'web' })])
    const again = await call('POST', '/v1/machines', body, headers)
    expect([again.body, again.headers['idempotency-replayed']]).toEqual([answer.body, 'true'])
    const made = (await call('GET', '/v1/machines?all=1')).body as { items: Fields[] }
    // One machine was handed over, though the one of the killed server may be on record as failed or lost.
    expect(made.items.filter(({ boot }) => boot !== undefined)).toHaveLength(1)
  },
)
