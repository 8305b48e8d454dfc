import type { Machine, MachineId } from '@hearth/model'
import type { Context } from '../context.ts'
import { reassign } from '../identity/personalise.ts'
import { assignRequest } from '../identity/personality.ts'
import { withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { mustBe } from './find-machine.ts'
import { guestOf, standingPersonality } from './guest-of.ts'

/** Stops its vCPUs. */
export function pauseMachine(context: Context, id: MachineId, cancel?: AbortSignal): Promise<Machine> {
  return context.turns.take(id, [cancel, context.background.ending], async () => {
    const row = mustBe(await context.rows.machines.get(id), 'running', 'paused')
    if (row.state === 'paused') return row
    await context.drivers.of(row.driver).pause(id)
    return context.rows.machines.change(id, () => ({ state: 'paused' }), row)
  })
}

/** Continues it, with the right time and fresh entropy before the row says `running`; stands still again when its guest refuses them. */
export function resumeMachine(context: Context, id: MachineId, cancel?: AbortSignal): Promise<Machine> {
  return context.turns.take(id, [cancel, context.background.ending], async (signal) => {
    const row = mustBe(await context.rows.machines.get(id), 'running', 'paused')
    if (row.state === 'running') return row
    const driver = context.drivers.of(row.driver)
    await driver.resume(id)
    try {
      const receipt = await freshen(context, row, signal)
      return await context.rows.machines.change(id, () => ({ state: 'running', ...(receipt && { receipt }) }), row)
    } catch (error) {
      await attempt(context.log, `pause ${id} again`, () => driver.pause(id))
      throw error
    }
  })
}

async function freshen(context: Context, row: Machine, signal: AbortSignal): Promise<Machine['receipt']> {
  if (!row.receipt) return undefined
  const limit = { limitMs: context.options.restoreDeadlineMs, what: `resuming ${row.id}` }
  return withDeadline(context.clock, limit, signal, async (within) => {
    const connection = await guestOf(context, row)
    const session = await connection.session({ signal: within })
    const request = assignRequest(await standingPersonality(context, row), context)
    const items = await reassign(session, request, { verifier: context.receipts, signal: within })
    return row.receipt && { ...row.receipt, assign: items, verifiedAt: context.clock.now() }
  })
}
