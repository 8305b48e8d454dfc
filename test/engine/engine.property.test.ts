import { memoryStore } from '@hearth/conformance'
import type { FaultPoint } from '@hearth/drivers'
import { isHearthError } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EngineBed, seededRandom } from './support/engine-bed.ts'
import { assertInvariants } from './support/invariants.ts'
import { jostledStore } from './support/jostled-store.ts'

const points = [
  'boot',
  'restore',
  'snapshot',
  'write',
  'publish_snapshot',
  'copy',
  'verify',
  'pause',
  'resume',
  'connect',
  'destroy',
] as const satisfies FaultPoint[]
const names = ['web', 'db', 'job'] as const

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('launch' as const),
      name: fc.option(fc.constantFrom(...names)),
      cold: fc.boolean(),
      onTimeout: fc.option(fc.constantFrom('destroy' as const, 'pause' as const)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), pick: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('destroy' as const, 'crash' as const), pick: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('snapshot' as const),
      pick: fc.nat(9),
      ttlMs: fc.constantFrom(0, 1000, 86_400_000),
      pinned: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('copy' as const, 'verify' as const), pick: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clean' as const), keepLast: fc.option(fc.integer({ min: 1, max: 2 })) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reconcile' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 1000) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('fork' as const), pick: fc.nat(9), count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restore' as const), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), pick: fc.nat(9), force: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('damage' as const), pick: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fault' as const), point: fc.constantFrom(...points) }) },
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

/** Things done at the same time, and perhaps the engine's sudden end in the middle of them. */
const round = fc.record({
  actions: fc.array(action, { minLength: 1, maxLength: 4 }),
  diesAfterCalls: fc.option(fc.integer({ min: 1, max: 60 }), { freq: 3 }),
})

async function act(bed: EngineBed, what: Action): Promise<unknown> {
  const { engine } = bed
  const pick = async (index: number) => (await engine.machines.list())[index % 10]?.id ?? 'nobody'
  const pickSnapshot = async (index: number) => (await engine.snapshots.list())[index % 10]?.id ?? 's-aaaaaaaaaaaaaaaa'
  switch (what.do) {
    case 'launch':
      return engine.launch({
        template: 'base',
        ...(what.name && { name: what.name }),
        ...(what.cold && { boot: 'cold' }),
        ...(what.onTimeout && { onTimeout: what.onTimeout, timeoutMs: 1000 }),
      })
    case 'pause':
    case 'resume':
    case 'destroy':
      return engine.machines[what.do](await pick(what.pick))
    case 'crash':
      return bed.host.crash((await pick(what.pick)) as never)
    case 'snapshot':
      return engine.snapshots.create(await pick(what.pick), { ttlMs: what.ttlMs, pinned: what.pinned })
    case 'copy':
    case 'verify':
      return engine.snapshots[what.do](await pickSnapshot(what.pick))
    case 'clean':
      await engine.namespaces.change('default', { keepLast: what.keepLast, snapshotLimit: 5 })
      return engine.retention.run()
    case 'reconcile':
      return engine.reconcile()
    case 'wait':
      return bed.clock.advance(what.ms)
    case 'fork':
      return engine.fork(await pick(what.pick), { count: what.count })
    case 'restore':
      return engine.snapshots.restore(await pickSnapshot(what.pick), {})
    case 'remove':
      return engine.snapshots.remove(await pickSnapshot(what.pick), { force: what.force })
    case 'damage': {
      const id = (await pickSnapshot(what.pick)) as never
      return bed.host.snapshots.has(id) ? bed.host.flipByte(id) : undefined
    }
    case 'fault':
      return bed.host.faults.fail(what.point)
  }
}

/** Only errors that a caller can understand come out. */
function assertExpected(outcome: PromiseSettledResult<unknown>): void {
  if (outcome.status === 'fulfilled') return
  expect(isHearthError(outcome.reason), String(outcome.reason?.stack)).toBe(true)
  expect(outcome.reason.code).not.toBe('internal')
  expect(outcome.reason.code).not.toBe('store_conflict')
}

describe('an engine under any load', () => {
  it('keeps rows and host in agreement, whatever fails and whenever it dies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 12 }), fc.string(), async (rounds, seed) => {
        const store = jostledStore(memoryStore(), seededRandom(`jostle ${seed}`))
        const bed = await new EngineBed({}, seed, store).start()
        await bed.template()
        for (const { actions, diesAfterCalls } of rounds) {
          if (diesAfterCalls !== null) bed.fuse.burn(diesAfterCalls)
          const acts = Promise.allSettled(actions.map((each) => act(bed, each)))
          const outcomes = await bed.patiently(Promise.race([acts, bed.fuse.blown.then(() => [])]))
          outcomes.forEach(assertExpected)
          bed.host.faults.clear()
          if (bed.fuse.isBlown) await bed.restart()
          else bed.fuse.burn(Number.POSITIVE_INFINITY)
          await bed.patiently(bed.engine.settled())
          // What a driver would not do at first.
          await bed.patiently(bed.engine.reconcile())
          await bed.patiently(bed.engine.settled())
          await assertInvariants(bed)
        }
      }),
      { numRuns: 80, timeout: 3000 },
    )
  }, 60_000)
})
