import { memoryStore } from '@hearth/conformance'
import type { FaultPoint } from '@hearth/drivers'
import { isHearthError, type Machine } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'
import { PoolWatch } from './support/pool-watch.ts'

/** Each machine of the tests takes 128: room for eight. */
const hostMemoryMiB = 8 * 128
const points = ['restore', 'connect', 'pause', 'resume', 'set_link', 'destroy'] as const satisfies FaultPoint[]
const keys = ['first', 'second'] as const

const action = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('launch' as const),
      boot: fc.constantFrom('auto' as const, 'warm' as const),
      version: fc.option(fc.constantFrom(1, 2), { freq: 4 }),
      key: fc.option(fc.constantFrom(...keys), { freq: 3 }),
      name: fc.option(fc.constant('web'), { freq: 4 }),
      timeoutMs: fc.option(fc.constant(1_000), { freq: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('destroy' as const), pick: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crash' as const), pick: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('fail' as const), point: fc.constantFrom(...points) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 200, 5_000, 9_000, 61_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('set' as const),
      min: fc.nat(3),
      more: fc.integer({ min: 1, max: 2 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
      cutOver: fc.boolean(),
      scales: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('warm' as const, 'drain' as const, 'remove' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rollOut' as const), version: fc.constantFrom(1, 2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('abort' as const, 'reconcile' as const, 'shutDown' as const) }) },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** Things done at the same time, and perhaps the engine's sudden end in the middle of them. */
const round = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 4 }),
  diesAfterCalls: fc.option(fc.integer({ min: 1, max: 60 }), { freq: 3 }),
})

type Launch = Extract<Action, { do: 'launch' }>

function launch(bed: EngineBed, what: Launch): Promise<Machine> {
  const record = what.key && {
    id: what.key,
    fingerprint: 'same',
    state: 'pending' as const,
    host: 'h-0000000000000000',
    createdAt: bed.clock.now(),
  }
  return bed.engine.launch(
    {
      template: what.version === null ? 'base' : `base@${what.version}`,
      boot: what.boot,
      ...(what.name && { name: what.name }),
      ...(what.timeoutMs && { timeoutMs: what.timeoutMs }),
    },
    record ? { idempotency: record } : {},
  )
}

async function warmABit(bed: EngineBed): Promise<unknown> {
  const abort = new AbortController()
  const warm = bed.engine.pools.warm('base', { signal: abort.signal })
  // Whoever called this is told of it below.
  warm.catch(() => undefined)
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
  abort.abort()
  return warm
}

async function act(bed: EngineBed, watch: PoolWatch, what: Action): Promise<unknown> {
  const { engine } = bed
  const { pools } = engine
  switch (what.do) {
    case 'launch': {
      const machine = await launch(bed, what)
      watch.handedOut(machine, what.version ?? undefined)
      return machine
    }
    case 'destroy':
      return engine.machines.destroy((await engine.machines.list())[what.pick % 10]?.id ?? 'nobody')
    case 'crash': {
      const [victim] = [...bed.host.machines.keys()].slice(what.pick)
      return victim && bed.host.crash(victim)
    }
    case 'fail':
      if (what.point === 'destroy') watch.leftovers += 1
      return bed.host.faults.fail(what.point)
    case 'wait':
      return bed.clock.advance(what.ms)
    case 'set': {
      const max = what.min + what.more
      const autoscale = what.scales ? { targetHitRate: 0.9, smallest: 1, largest: max } : null
      watch.mayHold(max)
      return pools.set('base', {
        cutOver: what.cutOver,
        settings: { min: what.min, max, concurrency: what.concurrency, autoscale },
      })
    }
    case 'warm':
      return warmABit(bed)
    case 'drain':
    case 'remove':
      return pools[what.do]('base')
    case 'rollOut':
      return pools.rollOut('base', { version: what.version, canaries: 1, deadlineMs: 10_000, probationMs: 20_000 })
    case 'abort':
      return pools.abortRollout('base')
    case 'reconcile':
      return engine.reconcile()
    case 'shutDown':
      return shutDown(bed)
  }
}

/** In order, and another server takes its place; two of one home would not be started at the same time. */
async function shutDown(bed: EngineBed): Promise<void> {
  const { engine } = bed
  await engine.close()
  if (bed.engine !== engine) return
  bed.driver = bed.newDriver()
  bed.engine = bed.newEngine()
  await bed.engine.start()
}

/** Only errors that a caller can understand come out. */
function assertExpected(outcome: PromiseSettledResult<unknown>): void {
  if (outcome.status === 'fulfilled') return
  expect(isHearthError(outcome.reason), String(outcome.reason?.stack)).toBe(true)
  expect(outcome.reason.code, outcome.reason.stack).not.toBe('internal')
}

/** Lets the engine do what it does by itself, until nothing more comes of it. */
async function settle(bed: EngineBed): Promise<void> {
  await bed.patiently(bed.engine.settled())
  await bed.patiently(bed.engine.reconcile())
  await bed.patiently(bed.engine.settled())
}

/** What a driver would not do at first is done again then. */
async function nextTend(bed: EngineBed): Promise<void> {
  bed.clock.advance(5_000)
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve))
  await settle(bed)
}

/** As long as it may take for the longest pause after failures to pass. */
async function untilFilled(bed: EngineBed): Promise<void> {
  for (let looks = 0; looks < 60; looks++) {
    const [status] = await bed.engine.pools.list()
    if (status?.refill === 'host_full') return
    if (!status || status.pool.state === 'draining' || status.depth >= status.scale.min) return
    bed.clock.advance(2_500)
    await settle(bed)
  }
  expect.fail(`the pool is not filled again: ${JSON.stringify((await bed.engine.pools.list())[0])}`)
}

describe('a pool under any load', () => {
  it('hands each machine out once, holds no more than it may, and is full again, whatever fails and whenever it dies', async () => {
    let hits = 0
    let deaths = 0
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 10 }), fc.string(), async (rounds, seed) => {
        const bed = await new EngineBed({ poolTendIntervalMs: 5_000 }, seed, memoryStore()).start()
        await bed.template()
        await bed.template({ env: { NEW: 'yes' } })
        await bed.restart({ hostMemoryMiB })
        const watch = new PoolWatch(bed, hostMemoryMiB / 128)
        watch.mayHold(3)
        await bed.engine.pools.set('base', { template: 'base@1', settings: { min: 1, max: 3, entryMaxAgeMs: 60_000 } })
        for (const { actions, diesAfterCalls } of rounds) {
          if (diesAfterCalls !== null) bed.fuse.burn(diesAfterCalls)
          const acts = Promise.allSettled(actions.map((each) => act(bed, watch, each)))
          const outcomes = await bed.patiently(Promise.race([acts, bed.fuse.blown.then(() => [])]))
          outcomes.forEach(assertExpected)
          bed.host.faults.clear()
          hits += (await bed.store.machines.live({ host: 'h-0000000000000000' })).filter((each) => each.boot?.poolHit).length
          if (bed.fuse.isBlown) {
            deaths += 1
            await bed.restart()
          } else bed.fuse.burn(Number.POSITIVE_INFINITY)
          await settle(bed)
          if (watch.leftovers > 0) await nextTend(bed)
          await untilFilled(bed)
          await watch.mustBeWhole()
        }
        await bed.patiently(bed.engine.close())
      }),
      { numRuns: 60, timeout: 6000 },
    )
    // A pool that never gave anything would break no rule.
    expect(hits).toBeGreaterThan(10)
    expect(deaths).toBeGreaterThan(5)
  }, 120_000)
})
