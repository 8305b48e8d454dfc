import { SharedServers } from '../../test/server/support/shared-servers.ts'
import { waitUntil } from '../../test/support/wait-until.ts'

const settings = { refillIntervalMs: 100, concurrency: 32, startsPerMinute: 100_000 }
const fillMs = 300_000

interface LaunchedMachine {
  readonly id: string
  readonly boot?: { readonly poolHit: boolean }
}

/** What came of launches that were asked of two servers at once. */
export interface TwoServersClaims {
  /** Infinite for one that failed. */
  readonly samplesMs: number[]
  /** Served by the pool, which one of them holds. */
  readonly warm: number
  /** Machines that more than one launch was given. */
  readonly duplicates: number
}

/** Asks two server processes on one PostgreSQL for `count` machines at once, half of them each, with as many waiting in a pool. */
export async function claimOfTwoServers(count: number): Promise<TwoServersClaims> {
  await using servers = await SharedServers.start({ HEARTH_LARGEST_POOL: '1000', HEARTH_LEASE_SECS: '15' })
  const both = [await servers.add(), await servers.add()]
  const [holder] = both
  if (!holder) throw new Error('no server')
  await mustBe(201, holder.call('POST', '/v1/templates?wait=60', { name: 'base', source: 'builtin:base' }))
  await mustBe(200, holder.call('PUT', '/v1/pools/base', { settings: { ...settings, min: count, max: count } }))
  for (const { call } of both) {
    const isFull = async () => ((await call('GET', '/v1/pools/base/stats')).body as { depth: number }).depth === count
    await waitUntil('a full pool', isFull, { signal: AbortSignal.timeout(fillMs), everyMs: 500 })
  }
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const began = performance.now()
      const { call } = both[n % both.length] ?? holder
      const { status, body } = await call('POST', '/v1/machines', { template: 'base' })
      return { status, machine: body as LaunchedMachine, tookMs: performance.now() - began }
    }),
  )
  const served = answers.filter(({ status }) => status === 201)
  return {
    samplesMs: answers.map(({ status, tookMs }) => (status === 201 ? tookMs : Number.POSITIVE_INFINITY)),
    warm: served.filter(({ machine }) => machine.boot?.poolHit).length,
    duplicates: served.length - new Set(served.map(({ machine }) => machine.id)).size,
  }
}

async function mustBe(status: number, answer: Promise<{ readonly status: number; readonly body: unknown }>): Promise<void> {
  const got = await answer
  if (got.status !== status) throw new Error(`${got.status} instead of ${status}: ${JSON.stringify(got.body)}`)
}
