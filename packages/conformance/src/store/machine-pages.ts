import { defaultNamespace, type Machine, type MachineFilter, type MachineState, type Name, type TemplateRef } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CurrentStore } from './current-store.ts'
import { bareMachine, machineId, snapshotId } from './rows.ts'

const other = 'other' as Name

/** Parts of a list, and lists that are asked for something. */
export function describeMachinePages(store: CurrentStore): void {
  describe('pages of machines', () => {
    it('come newest first and say where the next begins, the last one not', async () => {
      for (const number of [2, 1, 5, 3, 4]) await store().machines.insert(bareMachine(number))
      const first = await store().machines.page({}, { limit: 2 })
      expect(first.items.map((row) => row.id)).toEqual([5, 4].map(machineId))
      const second = await store().machines.page({}, next(first, 2))
      expect(second.items.map((row) => row.id)).toEqual([3, 2].map(machineId))
      const third = await store().machines.page({}, next(second, 2))
      expect(third).toEqual({ items: [{ ...bareMachine(1), rev: 1 }] })
      expect(await store().machines.page({}, { limit: 5 })).not.toHaveProperty('next')
    })

    it('miss and repeat nothing while rows come and go, also those of the same millisecond', async () => {
      const createdAt = 1_795_400_000_000
      for (const number of [1, 3, 5, 7]) await store().machines.insert(bareMachine(number, { createdAt }))
      const first = await store().machines.page({}, { limit: 2 })
      expect(first.items.map((row) => row.id)).toEqual([7, 5].map(machineId))
      await store().machines.insert(bareMachine(8, { createdAt: createdAt + 1 }))
      await store().machines.insert(bareMachine(6, { createdAt }))
      await store().machines.delete(machineId(5), 1)
      const second = await store().machines.page({}, next(first, 2))
      expect(second.items.map((row) => row.id)).toEqual([3, 1].map(machineId))
    })

    it.each([0, -1, 1001, 1.5, Number.NaN])('refuse a limit of %s', async (limit) => {
      await expect(store().machines.page({}, { limit })).rejects.toMatchObject({ code: 'invalid_input' })
    })

    it.each(['', 'nonsense', '////', Buffer.from("1.' or 1=1").toString('base64url'), Buffer.from('-1.m').toString('base64url')])(
      'refuse the cursor %j, which no page gave',
      async (cursor) => {
        const asked = store().machines.page({}, { limit: 1, cursor })
        await expect(asked).rejects.toMatchObject({ code: 'invalid_input', details: { field: 'cursor' } })
      },
    )
  })

  describe('lists of machines', () => {
    const rows = [
      bareMachine(1, { namespace: other, name: 'web' as Name, state: 'running' }),
      bareMachine(2, { host: 'home-2', name: 'web' as Name, state: 'stopped' }),
      bareMachine(3, { driver: 'qemu', template: 'base@2' as TemplateRef, state: 'paused' }),
      bareMachine(4, { template: 'base2@1' as TemplateRef, restoredFrom: snapshotId(1), state: 'failed' }),
    ]
    const cases: readonly (readonly [string, MachineFilter, readonly number[]])[] = [
      ['a namespace', { namespace: other }, [1]],
      ['a host', { host: 'home-2' }, [2]],
      ['a name, in whatever state', { name: 'web' as Name }, [2, 1]],
      ['states', { states: ['stopped', 'failed'] }, [4, 2]],
      ['live states', { states: ['running', 'paused'] }, [3, 1]],
      ['no state at all', { states: [] }, []],
      ['a template, all versions', { template: 'base' }, [3, 2, 1]],
      ['one version of a template', { template: 'base@1' }, [2, 1]],
      ['a driver', { driver: 'qemu' }, [3]],
      ['the snapshot it came from', { restoredFrom: snapshotId(1) }, [4]],
      ['several things', { namespace: defaultNamespace, states: ['paused'], template: 'base', driver: 'qemu' }, [3]],
      ['things that exclude each other', { namespace: other, driver: 'qemu' }, []],
    ]
    it.each(cases)('can be asked for %s', async (_, filter, expected) => {
      for (const row of rows) await store().machines.insert(row)
      const { items } = await store().machines.page(filter, { limit: 10 })
      expect(items.map((row) => row.id)).toEqual(expected.map(machineId))
    })

    it('can be asked for labels: each pair, whole and exact', async () => {
      const hostile = { 'a"b': "';--", 'x\ny': '["k","v"]', '%': '_' }
      const labels = { team: 'a', stage: 'test', ...hostile }
      await store().machines.insert(bareMachine(1, { config: { env: {}, labels, egress: 'none' } }))
      await store().machines.insert(bareMachine(2, { config: { env: { team: 'b' }, labels: {}, egress: 'none' } }))
      const found = async (wanted: Record<string, string>) =>
        (await store().machines.page({ labels: wanted }, { limit: 10 })).items.map((row) => row.id)
      const right: Record<string, string>[] = [{ team: 'a' }, { stage: 'test', team: 'a' }, hostile]
      for (const wanted of right) expect(await found(wanted)).toEqual([machineId(1)])
      expect(await found({})).toHaveLength(2)
      const wrong: Record<string, string>[] = [
        { team: 'b' },
        { team: '' },
        { tea: 'a' },
        { k: 'v' },
        { team: 'a', stage: 'no' },
        { _: '_' },
        { TEAM: 'a' },
      ]
      for (const wanted of wrong) expect(await found(wanted), JSON.stringify(wanted)).toEqual([])
    })

    it('follow a change of what they are asked for', async () => {
      await store().machines.insert(bareMachine(1))
      const config = { env: {}, labels: { new: 'yes' }, egress: 'none' as const }
      await store().machines.update(machineId(1), 1, { config })
      expect((await store().machines.page({ labels: { new: 'yes' } }, { limit: 1 })).items).toHaveLength(1)
      expect((await store().machines.page({ labels: { team: 'a' } }, { limit: 1 })).items).toHaveLength(0)
    })

    it('find nothing for what no row can hold, and say so', async () => {
      const asked = store().machines.page({ name: 'a\0b' as Name }, { limit: 1 })
      await expect(asked).rejects.toMatchObject({ code: 'invalid_input' })
    })

    it('give those that live, oldest first, of one host or namespace', async () => {
      for (const row of rows) await store().machines.insert(row)
      const ids = async (filter?: { host?: string; namespace?: Name }) =>
        (await store().machines.live(filter)).map((row) => row.id)
      expect(await ids()).toEqual([1, 3].map(machineId))
      expect(await ids({ namespace: other })).toEqual([machineId(1)])
      expect(await ids({ host: 'home-2' })).toEqual([])
    })

    it('agree with a plain search, whatever the rows, the question and the size of the pages', async () => {
      let run = 0
      await fc.assert(
        fc.asyncProperty(
          fc.array(someRow, { maxLength: 25 }),
          someFilter,
          fc.integer({ min: 1, max: 7 }),
          async (given, asked, limit) => {
            run += 1
            const namespace = `run-${run}` as Name
            const all = given.map((change, n) => bareMachine(run * 100 + n, { ...change, namespace }))
            for (const row of all) await store().machines.insert(row)
            const filter = { ...asked, namespace }
            expect(await walk(store, filter, limit)).toEqual(plainSearch(all, filter))
          },
        ),
        { numRuns: 12 },
      )
    })
  })
}

/** All pages, one after the other. */
async function walk(store: CurrentStore, filter: MachineFilter, limit: number): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await store().machines.page(filter, { limit, ...(cursor !== undefined && { cursor }) })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    ids.push(...page.items.map((row) => row.id))
    if (page.next === undefined) return ids
    cursor = page.next
  }
}

function plainSearch(all: readonly Omit<Machine, 'rev'>[], { states, template, host, labels }: MachineFilter): string[] {
  const found = all.filter(
    (row) =>
      (states === undefined || states.includes(row.state)) &&
      (host === undefined || host === row.host) &&
      (template === undefined || row.template === template || row.template.startsWith(`${template}@`)) &&
      Object.entries(labels ?? {}).every(([key, value]) => row.config.labels[key] === value),
  )
  return found.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)).map((row) => row.id)
}

const someState = fc.constantFrom<MachineState>('running', 'stopping', 'stopped', 'lost')
const someHost = fc.constantFrom('home-1', 'home-2')
const someLabels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', ''), { noNullPrototype: true })
const someRow = fc.record({
  state: someState,
  host: someHost,
  template: fc.constantFrom('base@1', 'base@2', 'web@1') as fc.Arbitrary<TemplateRef>,
  config: someLabels.map((labels) => ({ env: {}, labels, egress: 'none' as const })),
  createdAt: fc.integer({ min: 1_795_400_000_000, max: 1_795_400_000_003 }),
})
const someFilter: fc.Arbitrary<MachineFilter> = fc.record(
  {
    states: fc.uniqueArray(someState, { minLength: 1 }),
    host: someHost,
    template: fc.constantFrom('base', 'base@2', 'none'),
    labels: someLabels,
  },
  { requiredKeys: [] },
)

function next(page: { readonly next?: string }, limit: number) {
  expect(page.next).toBeTypeOf('string')
  return { limit, cursor: page.next ?? '' }
}
