import type { Change, Machine, MachineId, NewEvent } from '@hearth/model'
import type { Context } from '../context.ts'
import { reassign } from '../identity/personalise.ts'
import { assignRequest } from '../identity/personality.ts'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { mustBe } from './find-machine.ts'
import { guestOf, standingPersonality } from './guest-of.ts'

export interface PauseOptions {
  /** Asked when its turn has come: a machine of which it says no goes on. */
  readonly only?: (row: Machine) => boolean
  /** What becomes of its row beside the state. */
  readonly change?: Change<Machine>
  /** What the event says beside the usual. */
  readonly about?: NewEvent['data']
}

/** Stops its vCPUs. */
export function pauseMachine(context: Context, id: MachineId, options: PauseOptions = {}): Promise<Machine> {
  const { only = () => true, change, about } = options
  return context.turns.take(id, [context.background.ending], async () => {
    const row = mustBe(await context.rows.machines.get(id), 'running', 'paused')
    if (!only(row)) return row
    if (row.state === 'paused') return change ? context.rows.machines.change(id, () => change, row) : row
    await context.drivers.of(row.driver).pause(id)
    context.failpoint('pause.stopped')
    return context.rows.machines.change(id, () => ({ ...change, state: 'paused' }), row, about)
  })
}

/** Continues it, with the right time and fresh entropy before the row says `running`; stands still again when its guest refuses them. */
export function resumeMachine(context: Context, id: MachineId, cancel?: AbortSignal): Promise<Machine> {
  return context.turns.take(id, [cancel, context.background.ending], async (signal) => {
    const row = mustBe(await context.rows.machines.get(id), 'running', 'paused')
    if (row.state === 'running') return row
    const driver = context.drivers.of(row.driver)
    await driver.resume(id)
    context.failpoint('resume.going')
    try {
      const receipt = await freshen(context, row, signal)
      context.failpoint('resume.fresh')
      const going = (now: Machine): Change<Machine> => ({
        state: 'running',
        deadlineAt: deadlineAfterPause(now, context.clock.now()),
        ...(receipt && { receipt }),
      })
      return await context.rows.machines.change(id, going, row)
    } catch (error) {
      await attempt(context.log, `pause ${id} again`, () => driver.pause(id))
      throw error
    }
  })
}

/** One that was paused because its time was over gets as much again. */
function deadlineAfterPause({ deadlineAt, config }: Machine, now: number): number | undefined {
  if (deadlineAt !== undefined || config.timeoutMs === undefined) return deadlineAt
  return now + config.timeoutMs
}

async function freshen(context: Context, row: Machine, signal: AbortSignal): Promise<Machine['receipt']> {
  if (!row.receipt) return undefined
  const limit = { limitMs: context.options.restoreDeadlineMs, what: `resuming ${row.id}` }
  return withDeadline(context.clock, limit, signal, async (within) => {
    const connection = await guestOf(context, row)
    const session = await connection.session({ signal: within })
    const request = assignRequest(await standingPersonality(context, row), context, 'resumed')
    const items = await reassign(session, request, { verifier: context.receipts, signal: within })
    return row.receipt && { ...row.receipt, assign: items, verifiedAt: context.clock.now() }
  })
}
