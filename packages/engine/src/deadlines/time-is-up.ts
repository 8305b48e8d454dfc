import { isHearthError, type Machine, type MachineId } from '@hearth/model'
import type { Context } from '../context.ts'
import { endMachine } from '../machines/end-machine.ts'
import { pauseMachine } from '../machines/hold-machine.ts'

/** A machine that could not be ended or paused is looked at again after this. */
const retryAfterMs = 30_000

/** What the events of a machine whose time was over say. */
const about = { cause: 'timeout' }

/** Whether a machine's time is over now; by the row's word, which may have been moved since somebody set out to end it. */
function isOverdue(row: Pick<Machine, 'deadlineAt'>, now: number): boolean {
  return row.deadlineAt !== undefined && row.deadlineAt <= now
}

/** Ends or pauses a machine, as it was launched to be, unless its deadline was moved meanwhile. */
export async function timeIsUp(context: Context, id: MachineId): Promise<void> {
  const row = await context.rows.machines.find(id)
  if (!row || row.host !== context.host) return
  const due = (now: Machine) => isOverdue(now, context.clock.now())
  if (!due(row) || (row.state !== 'running' && row.state !== 'paused')) return context.deadlines.note(row)
  const onTimeout = row.config.onTimeout ?? 'destroy'
  context.log.info('machine.timeout', { machine: id, onTimeout })
  try {
    const after =
      onTimeout === 'pause'
        ? await pauseMachine(context, id, { only: due, change: { deadlineAt: undefined }, about })
        : await endMachine(context, id, { only: due, about })
    context.deadlines.note(after)
  } catch (error) {
    // It has ended by itself, or was ended, in the meantime.
    if (isHearthError(error, 'machine_not_running', 'machine_not_found')) return
    context.deadlines.lookAt(id, context.clock.now() + retryAfterMs)
    throw error
  }
}
