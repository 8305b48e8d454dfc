import { type Change, HearthError, type Machine, type MachineExit, type MachineId, messageOf, type NewEvent } from '@hearth/model'
import type { Context } from '../context.ts'
import { attempt } from '../time/background.ts'
import { forgetMachine } from './forget-machine.ts'

export interface EndOptions {
  /** Asked again in the moment of the change: a machine of which it says no goes on. */
  readonly only?: (row: Machine) => boolean
  /** What the events say beside the usual. */
  readonly about?: NewEvent['data']
}

/** Ends a machine because somebody asked: whatever is under way on it is interrupted first. Succeeds when it has ended already. */
export async function endMachine(context: Context, id: MachineId, options: EndOptions = {}): Promise<Machine> {
  const { only = () => true, about } = options
  context.turns.interrupt(id, new HearthError('cancelled', `machine ${id} is being ended`))
  return context.turns.insist(id, async () => {
    const ending = (now: Machine): Change<Machine> | undefined => {
      if (now.state === 'stopped' || now.state === 'stopping' || !only(now)) return undefined
      // A machine that is over has lost its name: another may bear it by now.
      const over = now.state === 'failed' || now.state === 'lost'
      return { state: 'stopping', ...(over && { name: undefined }) }
    }
    const row = await context.rows.machines.change(id, ending, undefined, about)
    if (row.state !== 'stopping') return row
    return finishEnd(context, row, about)
  })
}

/** A machine that ended by itself: what is left of it goes, and its row says how it ended. */
export async function noteExit(context: Context, exit: MachineExit): Promise<void> {
  const { id } = exit
  if (context.exits.tell(exit)) return
  context.turns.interrupt(id, new HearthError('machine_not_running', `machine ${id} ended by itself: ${exit.detail}`))
  await context.turns.insist(id, async () => {
    const row = await context.rows.machines.find(id)
    if (row?.state !== 'running' && row?.state !== 'paused') return
    context.log.warn('machine.ended_by_itself', { machine: id, reason: exit.reason, detail: exit.detail })
    if (exit.reason === 'shutdown') {
      const stopping = await context.rows.machines.change(id, () => ({ state: 'stopping', failure: exit.detail }), row)
      await finishEnd(context, stopping)
    } else await loseMachine(context, row, exit.detail)
  })
}

/** Its process is gone and nobody asked for that. */
export async function loseMachine(context: Context, row: Machine, failure: string): Promise<Machine> {
  context.guests.drop(row.id)
  // Cleaned up before the row says so: an engine that dies in between finds the row as it was, and does it again.
  const gone = await attempt(context.log, `destroy ${row.id}`, () => context.drivers.of(row.driver).destroy(row.id))
  if (gone) await forgetMachine(context, row.id)
  return context.rows.machines.change(row.id, () => ({ state: 'lost', failure, endedAt: context.clock.now() }), row)
}

/** From `stopping` to `stopped`; the row says `failed` when the driver could not, and ending it again tries again. */
export async function finishEnd(context: Context, row: Machine, about?: NewEvent['data']): Promise<Machine> {
  context.guests.drop(row.id)
  context.failpoint('end.stopping')
  try {
    await context.drivers.of(row.driver).destroy(row.id)
  } catch (error) {
    const failure = `it could not be ended: ${messageOf(error)}`
    await context.rows.machines.change(row.id, () => ({ state: 'failed', failure, endedAt: context.clock.now() }), row)
    throw error
  }
  context.failpoint('end.destroyed')
  await forgetMachine(context, row.id)
  const endedAt = row.endedAt ?? context.clock.now()
  const stopped = await context.rows.machines.change(row.id, () => ({ state: 'stopped', endedAt }), row, about)
  context.log.info('machine.stopped', { machine: row.id })
  return stopped
}
