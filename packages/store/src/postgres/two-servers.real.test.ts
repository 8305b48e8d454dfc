import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bareMachine, eventOf, machineId } from '@hearth/conformance'
import { type StateStore, type StoredEvent, silentLog } from '@hearth/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostgresServer, postgresMissing } from '../../../../test/support/postgres.ts'
import { openPostgresStore } from '../open-postgres-store.ts'

const machines = 1000
const records = 300
const leases = 300

interface Wins {
  readonly machines: readonly number[]
  readonly records: readonly number[]
  readonly leases: readonly number[]
}

/** Wants everything there is, in an order of its own, twenty things at a time, and tells what it got. */
const contender = (url: string, host: string): string => `
  import { eventOf, idempotencyRow, machineId } from ${JSON.stringify(import.meta.resolve('@hearth/conformance'))}
  import { isHearthError, silentLog } from ${JSON.stringify(import.meta.resolve('@hearth/model'))}
  import { openPostgresStore } from ${JSON.stringify(new URL('../open-postgres-store.ts', import.meta.url).href)}
  const host = ${JSON.stringify(host)}
  const store = await openPostgresStore({ url: ${JSON.stringify(url)}, host, log: silentLog })
  process.stdout.write('ready\\n')
  await new Promise((resolve) => process.stdin.once('data', resolve))
  async function winsOf(count, attempt) {
    const order = Array.from({ length: count }, (_, n) => n).sort(() => Math.random() - 0.5)
    const wins = []
    const work = async () => {
      for (let n = order.pop(); n !== undefined; n = order.pop()) if (await attempt(n)) wins.push(n)
    }
    await Promise.all(Array.from({ length: 20 }, work))
    return wins
  }
  const yes = () => true
  const conflictIsNo = (error) => {
    if (isHearthError(error, 'store_conflict')) return false
    throw error
  }
  const wins = {
    machines: await winsOf(${machines}, (n) =>
      store.machines.update(machineId(n), 1, { state: 'running', host }, { event: eventOf(n) }).then(yes, conflictIsNo)),
    records: await winsOf(${records}, (n) => store.idempotency.insert({ ...idempotencyRow(n), host }).then(yes, conflictIsNo)),
    leases: await winsOf(${leases}, (n) => store.leases.take('lease ' + n, host, 1000, 0)),
  }
  process.stdout.write(JSON.stringify(wins) + '\\n')
  await store.close()
  process.stdin.destroy()`

interface Contender {
  readonly process: ChildProcess
  readonly lines: AsyncIterator<string>
}

async function startContender(url: string, host: string): Promise<Contender> {
  const child = spawn(process.execPath, ['--conditions=hearth-source', '--input-type=module', '-e', contender(url, host)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  expect(await lines.next()).toMatchObject({ value: 'ready' })
  return { process: child, lines }
}

async function outcome({ process: child, lines }: Contender): Promise<Wins> {
  const gone = once(child, 'exit')
  const { value } = await lines.next()
  const [code] = await gone
  expect(code).toBe(0)
  return JSON.parse(String(value)) as Wins
}

describe.skipIf(postgresMissing)(postgresMissing || 'servers that share a PostgreSQL', () => {
  let server: PostgresServer
  let url: string
  const open = (host: string) => openPostgresStore({ url, host, log: silentLog })
  beforeAll(async () => {
    server = await PostgresServer.start()
    url = await server.database()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it('may bring a new database up to date at the same moment', async () => {
    url = await server.database()
    const stores = await Promise.all(['a', 'b', 'c', 'd'].map(open))
    for (const store of stores) expect((await store.namespaces.list()).map((row) => row.name)).toEqual(['default'])
    await Promise.all(stores.map((store) => store.close()))
  })

  it('win each of a thousand transitions once between them, and each record and lease', async () => {
    url = await server.database()
    const store = await open('home-0')
    for (let n = 0; n < machines; n++) await store.machines.insert(bareMachine(n))
    const contenders = await Promise.all(['home-1', 'home-2'].map((host) => startContender(url, host)))
    let over = false
    const following = follow(store, () => over)
    for (const { process: child } of contenders) child.stdin?.write('go\n')
    const [first, second] = await Promise.all(contenders.map(outcome))
    over = true

    const all = (count: number) => Array.from({ length: count }, (_, n) => n)
    const together = (kind: keyof Wins) => [...(first?.[kind] ?? []), ...(second?.[kind] ?? [])].sort((a, b) => a - b)
    expect(together('machines')).toEqual(all(machines))
    expect(together('records')).toEqual(all(records))
    expect(together('leases')).toEqual(all(leases))
    // Both were at it at the same time, or this proves nothing.
    for (const wins of [first, second]) expect(wins?.machines.length).toBeGreaterThan(machines / 20)

    const rows = await store.machines.list()
    const owner = new Map(rows.map((row) => [row.id, row.host]))
    expect(rows.every((row) => row.rev === 2 && row.state === 'running')).toBe(true)
    for (const n of first?.machines ?? []) expect(owner.get(machineId(n))).toBe('home-1')
    const seen = await following
    expect(seen.map((event) => event.id).sort()).toEqual(all(machines).map(machineId))
    expect(seen.every((event, n) => event.seq > (seen[n - 1]?.seq ?? 0))).toBe(true)
    await store.close()
  })

  it('hear of each other, also after the connection they listen on was cut', async () => {
    url = await server.database()
    const [first, second] = await Promise.all(['home-1', 'home-2'].map(open))
    if (!first || !second) throw new Error('two stores were opened')
    const news = new News(second)
    await first.machines.insert(bareMachine(1), { event: eventOf(1) })
    await news.until(async () => (await second.events.after(0, { limit: 10 })).length === 1)

    await server.down('SIGQUIT')
    await server.up()
    await expect.poll(() => first.events.append(eventOf(2)).then(() => 'done', String), { timeout: 10_000 }).toBe('done')
    await news.until(async () => {
      const found = await second.events.after(0, { limit: 10 }).catch(() => [])
      return found.some((event) => event.id === machineId(2))
    })
    news.stop()
    await Promise.all([first.close(), second.close()])
  })
})

async function follow(store: StateStore, over: () => boolean): Promise<StoredEvent[]> {
  const seen: StoredEvent[] = []
  for (let last = false; ; last = over()) {
    const found = await store.events.after(seen.at(-1)?.seq ?? 0, { limit: 1000 })
    seen.push(...found)
    if (last && found.length === 0) return seen
    await nextTurn()
  }
}

/** Looks for something when, and only when, there are news. */
class News {
  readonly stop: () => void
  #heard = Promise.withResolvers<void>()

  constructor(store: StateStore) {
    this.stop = store.events.watch(() => {
      this.#heard.resolve()
      this.#heard = Promise.withResolvers()
    })
  }

  async until(found: () => Promise<boolean>): Promise<void> {
    for (let heard = this.#heard.promise; !(await found()); heard = this.#heard.promise) await heard
  }
}
