import { isExpired, type MachineId, type Name, type SnapshotId, type SnapshotState } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planRetention, type RetentionFacts, type SnapshotFacts } from './plan-retention.ts'

const now = 1_000_000
const hereName = 'default' as Name
const otherName = 'team' as Name

interface World {
  readonly rows: readonly SnapshotFacts[]
  readonly facts: RetentionFacts
}

const idOf = (index: number) => `s-${index}` as SnapshotId

/** Any snapshots, each built on none or on an earlier one, in two namespaces with any limits. */
const worlds: fc.Arbitrary<World> = fc
  .record({
    rows: fc.array(
      fc.record({
        namespace: fc.constantFrom(hereName, otherName),
        kind: fc.constantFrom('user' as const, 'user' as const, 'user' as const, 'template' as const, 'fork' as const),
        state: fc.constantFrom<SnapshotState>('ready', 'ready', 'ready', 'quarantined', 'failed', 'creating', 'deleting'),
        source: fc.constantFrom('m-1' as MachineId, 'm-2' as MachineId, 'm-3' as MachineId),
        parent: fc.option(fc.nat(30), { nil: undefined }),
        pinned: fc.boolean(),
        ttlMs: fc.constantFrom(0, 1, 100_000, 2_000_000),
        createdAt: fc.integer({ min: 0, max: now }),
        sizeBytes: fc.option(fc.nat(100), { nil: undefined }),
        inUse: fc.nat(9).map((draw) => draw === 0),
      }),
      { maxLength: 30 },
    ),
    limits: fc.record({
      snapshotLimit: fc.nat(20),
      snapshotBytesLimit: fc.option(fc.nat(500), { nil: undefined }),
      keepLast: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
    }),
    failedKeptMs: fc.constantFrom(0, 500_000),
    only: fc.option(fc.constantFrom(hereName, otherName), { nil: undefined }),
  })
  .map(({ rows, limits, failedKeptMs, only }) => {
    const { snapshotLimit, snapshotBytesLimit, keepLast } = limits
    const namespace = {
      snapshotLimit,
      ...(snapshotBytesLimit !== undefined && { snapshotBytesLimit }),
      ...(keepLast !== undefined && { keepLast }),
    }
    const names = only ? [only] : [hereName, otherName]
    return {
      rows: rows.map(({ inUse: _, parent, sizeBytes, ...row }, index) => ({
        ...row,
        id: idOf(index),
        host: 'h-1',
        ...(sizeBytes !== undefined && { sizeBytes }),
        ...(parent !== undefined && index > 0 && { parent: idOf(parent % index) }),
      })),
      facts: {
        now,
        failedKeptMs,
        namespaces: new Map(names.map((name) => [name, namespace])),
        inUse: new Set(rows.flatMap((row, index) => (row.inUse ? [idOf(index)] : []))),
        ...(only && { only }),
      },
    }
  })

const fixed = { numRuns: 2000, seed: 20_261_123 }

/** What is left when the plan is carried out, in its order. */
function left({ rows, facts }: World): SnapshotFacts[] {
  const gone = new Set(planRetention(rows, facts).removals.map(({ row }) => row.id))
  return rows.filter((row) => !gone.has(row.id))
}

function counted(rows: readonly SnapshotFacts[], name: Name): SnapshotFacts[] {
  return rows.filter((row) => row.namespace === name && row.kind === 'user' && row.state !== 'failed')
}

/** Could be removed now. */
function isFree(row: SnapshotFacts, among: readonly SnapshotFacts[], { inUse }: RetentionFacts): boolean {
  const isBuiltUpon = among.some((each) => each.parent === row.id && each.state !== 'failed')
  return (row.state === 'ready' || row.state === 'quarantined') && !row.pinned && !inUse.has(row.id) && !isBuiltUpon
}

describe('a plan of the cleaner', () => {
  it('never removes what is pinned, in use, half made, or of another kind, and nothing twice', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        const { removals } = planRetention(rows, facts)
        expect(new Set(removals.map(({ row }) => row.id)).size).toBe(removals.length)
        for (const { row } of removals) {
          expect(row).toMatchObject({ kind: 'user', pinned: false, state: expect.stringMatching(/^(ready|quarantined|failed)$/) })
          expect(facts.inUse.has(row.id)).toBe(false)
          if (facts.only) expect(row.namespace).toBe(facts.only)
        }
      }),
      fixed,
    )
  })

  it('never removes anything before what is built on it', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        const there = new Map(rows.map((row) => [row.id, row]))
        for (const { row } of planRetention(rows, facts).removals) {
          const builtOnIt = [...there.values()].filter((each) => each.parent === row.id && each.state !== 'failed')
          expect(builtOnIt.map((each) => each.id)).toEqual([])
          there.delete(row.id)
        }
      }),
      fixed,
    )
  })

  it('gives a reason that holds', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        for (const { row, reason } of planRetention(rows, facts).removals) {
          if (reason === 'expired') expect(isExpired(row, now) && row.state !== 'failed').toBe(true)
          else if (reason === 'failed') expect(row.state === 'failed' && now - row.createdAt >= facts.failedKeptMs).toBe(true)
          else if (reason === 'keep_last') expect(newerOf(row, rows)).toBeGreaterThanOrEqual(keepLastOf(row, facts))
          else expect(facts.namespaces.has(row.namespace)).toBe(true)
        }
      }),
      fixed,
    )
  })

  it('leaves no namespace over its limits, but for what nobody may remove, and says where', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        const rest = left({ rows, facts })
        const { stillOver } = planRetention(rows, facts)
        for (const [name, limits] of facts.namespaces) {
          const held = counted(rest, name)
          const bytes = held.reduce((sum, row) => sum + (row.sizeBytes ?? 0), 0)
          const isOver = held.length > limits.snapshotLimit || bytes > (limits.snapshotBytesLimit ?? Number.POSITIVE_INFINITY)
          expect(stillOver.includes(name)).toBe(isOver)
          if (held.length > limits.snapshotLimit) {
            expect(held.filter((row) => isFree(row, rest, facts)).map((row) => row.id)).toEqual([])
          }
        }
      }),
      fixed,
    )
  })

  it('removes nothing for a quota that is kept', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        const roomy = new Map([...facts.namespaces].map(([name]) => [name, { snapshotLimit: 1000 }]))
        const { removals } = planRetention(rows, { ...facts, namespaces: roomy })
        for (const { reason } of removals) expect(['expired', 'failed']).toContain(reason)
      }),
      fixed,
    )
  })

  it('is done with once it is carried out', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        expect(planRetention(left({ rows, facts }), facts).removals).toEqual([])
      }),
      fixed,
    )
  })

  it('does not depend on the order in which rows are read', () => {
    fc.assert(
      fc.property(worlds, ({ rows, facts }) => {
        expect(planRetention(rows.toReversed(), facts)).toEqual(planRetention(rows, facts))
      }),
      fixed,
    )
  })
})

/** How many ready ones of the same machine and namespace are newer. */
function newerOf(row: SnapshotFacts, rows: readonly SnapshotFacts[]): number {
  return rows.filter(
    (each) =>
      each.kind === 'user' &&
      each.state === 'ready' &&
      each.namespace === row.namespace &&
      each.source === row.source &&
      (each.createdAt > row.createdAt || (each.createdAt === row.createdAt && each.id > row.id)),
  ).length
}

function keepLastOf(row: SnapshotFacts, { namespaces }: RetentionFacts): number {
  return namespaces.get(row.namespace)?.keepLast ?? Number.POSITIVE_INFINITY
}
