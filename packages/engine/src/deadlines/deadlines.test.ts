import { ManualClock } from '@hearth/conformance'
import type { Clock, MachineId } from '@hearth/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deadlines } from './deadlines.ts'

const hourMs = 3_600_000

/** A clock whose wall can be set while its other hand goes on. */
class SettableClock implements Clock {
  readonly hand = new ManualClock()
  wallAheadMs = 0

  now(): number {
    return this.hand.now() + this.wallAheadMs
  }

  monotonicMs(): number {
    return this.hand.monotonicMs()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.hand.sleep(ms, signal)
  }
}

function bed() {
  const clock = new SettableClock()
  const told: string[] = []
  const deadlines = new Deadlines(clock, (id) => told.push(id))
  const pass = async (ms: number) => {
    const end = clock.hand.now() + ms
    // Those who sleep again in between wake again in between.
    while (clock.hand.advanceToNext(end - clock.hand.now())) await settled()
    clock.hand.advance(end - clock.hand.now())
    await settled()
  }
  const note = (id: string, inMs: number | undefined, state: 'running' | 'paused' | 'stopped' = 'running') =>
    deadlines.note({ id: id as MachineId, state, ...(inMs !== undefined && { deadlineAt: clock.now() + inMs }) })
  return { clock, told, deadlines, pass, note }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await Promise.resolve()
}

describe('deadlines', () => {
  it('tell in the order of time, on one timer', async () => {
    const { clock, told, note, pass } = bed()
    note('late', 30_000)
    note('early', 10_000)
    note('never', undefined)
    expect(clock.hand.sleeping).toBe(1)
    await pass(9_999)
    expect(told).toEqual([])
    await pass(1)
    expect(told).toEqual(['early'])
    await pass(hourMs)
    expect(told).toEqual(['early', 'late'])
    expect(clock.hand.sleeping).toBe(0)
  })

  it('follow a deadline that is moved, and forget a machine that has ended', async () => {
    const { told, note, pass } = bed()
    note('extended', 10_000)
    note('extended', 20_000)
    note('shortened', 50_000)
    note('shortened', 5_000)
    note('ended', 5_000)
    note('ended', 5_000, 'stopped')
    await pass(12_000)
    expect(told).toEqual(['shortened'])
    await pass(8_000)
    expect(told).toEqual(['shortened', 'extended'])
  })

  it('tell at once of what is overdue', async () => {
    const { told, note, pass } = bed()
    note('overdue', -hourMs, 'paused')
    await pass(0)
    expect(told).toEqual(['overdue'])
  })

  it('hold when the wall clock is set forward by an hour', async () => {
    const { clock, told, note, pass } = bed()
    note('one', hourMs / 2)
    clock.wallAheadMs = hourMs
    await pass(60_000)
    expect(told).toEqual(['one'])
  })

  it('hold when the wall clock is set back by an hour and forward again', async () => {
    const { clock, told, note, pass } = bed()
    note('one', hourMs / 2)
    await pass(10_000)
    clock.wallAheadMs = -hourMs
    await pass(hourMs)
    expect(told).toEqual([])
    clock.wallAheadMs = 0
    await pass(60_000)
    expect(told).toEqual(['one'])
  })

  it('are silent once closed', async () => {
    const { clock, told, deadlines, note, pass } = bed()
    note('one', 10_000)
    deadlines.close()
    note('two', 10_000)
    await pass(hourMs)
    expect(told).toEqual([])
    expect(clock.hand.sleeping).toBe(0)
  })

  it('tell of each machine once, at most a minute late, whatever is noted and however the wall is set', async () => {
    const action = fc.oneof(
      fc.record({ machine: fc.nat(5), inMs: fc.integer({ min: 0, max: 2 * hourMs }) }),
      fc.record({ passMs: fc.integer({ min: 0, max: hourMs }) }),
      fc.record({ setMs: fc.integer({ min: -hourMs, max: hourMs }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
        const { clock, told, note, pass } = bed()
        const due = new Map<string, number>()
        for (const each of actions) {
          if ('machine' in each) {
            note(`${each.machine}`, each.inMs)
            due.set(`${each.machine}`, clock.now() + each.inMs)
          } else if ('passMs' in each) await pass(each.passMs)
          else clock.wallAheadMs += each.setMs
          for (const id of told.splice(0)) {
            expect(due.get(id), `${id} was told of although it was not due`).toBeLessThanOrEqual(clock.now())
            due.delete(id)
          }
        }
        await pass(60_000)
        const late = [...due].filter(([id, at]) => at <= clock.now() - 60_000 && !told.includes(id))
        expect(late).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})
