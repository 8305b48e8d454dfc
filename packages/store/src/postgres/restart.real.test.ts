import { bareMachine, eventOf, idempotencyRow, machineId } from '@hearth/conformance'
import { isHearthError, type StateStore, silentLog } from '@hearth/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PostgresServer, postgresMissing } from '../../../../test/support/postgres.ts'
import { openPostgresStore } from '../open-postgres-store.ts'

describe.skipIf(postgresMissing)(postgresMissing || 'a PostgreSQL that restarts', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await PostgresServer.start()
  })
  afterAll(() => server[Symbol.asyncDispose]())

  it.each(['SIGINT', 'SIGQUIT'] as const)(
    'makes requests fail so that they may be tried again, and nothing is done twice (%s)',
    async (how) => {
      const store = await openPostgresStore({ url: await server.database({ overTcp: true }), host: 'home-1', log: silentLog })
      let over = false
      const workers = Array.from({ length: 8 }, (_, n) => work(store, n, () => over))
      const made = () => store.events.latest().catch(() => 0)
      await expect.poll(made, { timeout: 10_000 }).toBeGreaterThan(100)
      await server.down(how)
      await server.up()
      const before = await expect.poll(made, { timeout: 10_000 }).toBeGreaterThan(100).then(made)
      await expect.poll(made, { timeout: 20_000 }).toBeGreaterThan(before + 100)
      over = true
      const reports = await Promise.all(workers)

      expect(reports.flatMap((report) => report.unexpected)).toEqual([])
      expect(reports.reduce((sum, report) => sum + report.refused, 0)).toBeGreaterThan(0)
      const events = await store.events.after(0, { limit: 100_000 })
      for (const [n, { done }] of reports.entries()) {
        // One event and one record for each step, whether its answer was heard or lost.
        const row = await store.machines.get(machineId(n))
        expect(row?.rev).toBe(done + 1)
        expect(events.filter((event) => event.id === machineId(n))).toHaveLength(done)
      }
      expect(await store.idempotency.list()).toHaveLength(events.length)
      expect((await store.check()).problems).toEqual([])
      await store.close()
    },
  )

  it('is reported as not there, without the password, when a server starts or asks', async () => {
    const url = await server.database({ overTcp: true })
    const store = await openPostgresStore({ url, host: 'home-1', log: silentLog })
    await store.ping()
    await server.down()
    await expect(store.ping()).rejects.toMatchObject({ code: 'store_unavailable' })
    const secret = url.replace('hearth@', 'hearth:hush-hush@')
    const refused = await openPostgresStore({ url: secret, host: 'home-1', log: silentLog }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('127.0.0.1') })
    expect(String(refused)).not.toContain('hush-hush')
    await server.up()
    await expect.poll(() => store.ping().then(() => 'there', String)).toBe('there')
    await store.close()
  })

  it('is refused when its address is none, and its password is not repeated', async () => {
    for (const url of ['', 'hush-hush', 'mysql://a:hush-hush@b/c', 'postgres://a:hush-hush@b:port/c']) {
      const refused = await openPostgresStore({ url, host: 'home-1', log: silentLog }).catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'invalid_input' })
      expect(String(refused)).not.toContain('hush-hush')
    }
  })

  it('does its own backups', async () => {
    const store = await openPostgresStore({ url: await server.database(), host: 'home-1', log: silentLog })
    await expect(store.backup('/nowhere')).rejects.toMatchObject({
      code: 'state_conflict',
      hint: expect.stringContaining('pg_dump'),
    })
    await store.close()
  })
})

interface WorkReport {
  /** Steps that were made. */
  readonly done: number
  readonly refused: number
  readonly unexpected: readonly string[]
}

/** Moves one machine on and on, each step under a record, so that a step whose answer was lost is known to be made. */
async function work(store: StateStore, n: number, over: () => boolean): Promise<WorkReport> {
  await store.machines.insert(bareMachine(n))
  const unexpected: string[] = []
  let done = 0
  let refused = 0
  while (!over()) {
    const alongside = { event: eventOf(n), idempotency: { ...idempotencyRow(n), id: `${n} step ${done}` } }
    try {
      await store.machines.update(machineId(n), done + 1, { failure: `step ${done}` }, alongside)
      done += 1
    } catch (error) {
      if (isHearthError(error, 'store_unavailable')) refused += 1
      else if (isHearthError(error, 'store_conflict') && error.details?.table === 'idempotency') done += 1
      else unexpected.push(String(error))
      if (unexpected.length > 10) break
    }
  }
  return { done, refused, unexpected }
}
