import { json } from 'node:stream/consumers'
import { MemoryHost } from '@hearth/drivers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostgresServer, postgresMissing } from '../support/postgres.ts'
import { type ScratchFolder, scratchFolder } from '../support/scratch-folder.ts'
import { waitUntil } from '../support/wait-until.ts'
import { ask, askJson, buildBase, memoryServer } from './support/memory-server.ts'

interface Told {
  readonly status: number | undefined
  readonly code: unknown
  readonly retryAfter: string | undefined
}

describe.skipIf(postgresMissing)(postgresMissing || 'a server on PostgreSQL', () => {
  let postgres: PostgresServer
  let home: ScratchFolder
  beforeAll(async () => {
    postgres = await PostgresServer.start()
    home = await scratchFolder()
  })
  afterAll(async () => {
    await postgres[Symbol.asyncDispose]()
    await home[Symbol.asyncDispose]()
  })

  it('answers 503 while the database restarts under load, recovers, and does nothing twice', async () => {
    const host = new MemoryHost()
    const server = await memoryServer(home.path, { host, config: { database: await postgres.database({ overTcp: true }) } })
    await buildBase(home.path)
    const told: Told[] = []
    const made: string[] = []
    let over = false
    const worker = async (name: string) => {
      for (let n = 0; !over; n++) made.push(await launchUntilDone(home.path, `${name}-${n}`, told))
    }
    const workers = Promise.all(['a', 'b', 'c', 'd'].map(worker))
    await waitUntil('launches', () => made.length > 10)
    await postgres.down('SIGQUIT')
    await waitUntil('a refusal', () => told.length > 0)
    await postgres.up()
    const before = made.length
    await waitUntil('launches after the restart', () => made.length > before + 10, { signal: AbortSignal.timeout(60_000) })
    over = true
    await workers

    for (const { status, code, retryAfter } of told) {
      if (code === 'idempotency_in_progress') continue
      expect({ status, code }).toEqual({ status: 503, code: 'store_unavailable' })
      expect(retryAfter).toBeDefined()
    }
    expect(new Set(made).size).toBe(made.length)
    await waitUntil('nothing to be under way', async () => (await inStates(home.path, ['starting', 'stopping'])).length === 0)
    expect((await inStates(home.path, ['running'])).sort()).toEqual([...made].sort())
    expect([...host.machines.keys()].sort()).toEqual([...made].sort())
    await server.close()
  })
})

/** Asks for one machine, again and again under one key, until it is there; what else was answered is told. */
async function launchUntilDone(home: string, key: string, told: Told[]): Promise<string> {
  const id = await waitUntil(
    `the launch ${key}`,
    async () => {
      const answer = await ask(home, 'POST', '/v1/machines', { template: 'base' }, undefined, { 'idempotency-key': key })
      const body = (await json(answer)) as Record<string, unknown>
      if (answer.statusCode === 201) return String(body.id)
      told.push({ status: answer.statusCode, code: body.code, retryAfter: answer.headers['retry-after'] })
      return undefined
    },
    { signal: AbortSignal.timeout(60_000), everyMs: 50 },
  )
  return String(id)
}

async function inStates(home: string, states: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (let cursor = ''; ; ) {
    const page = await askJson(
      home,
      'GET',
      `/v1/machines?${states.map((state) => `state=${state}&`).join('')}limit=1000${cursor}`,
    )
    ids.push(...(page.items as { id: string }[]).map((row) => row.id))
    if (typeof page.next !== 'string') return ids
    cursor = `&cursor=${page.next}`
  }
}
