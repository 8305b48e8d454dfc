import { HearthError, looksLikeMachineId, type Machine, type MachineId, parseMachineId, parseName } from '@hearth/model'
import type { Context } from '../context.ts'

/** By id in any state, by name while it lives. @throws HearthError `machine_not_found`, `invalid_input` */
export async function findMachine(context: Pick<Context, 'store' | 'rows'>, text: string): Promise<Machine> {
  if (looksLikeMachineId(text)) return context.rows.machines.get(parseMachineId(text))
  const named = await context.store.machines.byName(parseName(text, 'machine'))
  if (!named) throw context.rows.machines.missing(text)
  return named
}

/** @throws HearthError `machine_not_running` unless the machine is in one of `states` */
export function mustBe(machine: Machine, ...states: readonly Machine['state'][]): Machine {
  if (states.includes(machine.state)) return machine
  throw new HearthError('machine_not_running', `machine ${machine.name ?? machine.id} is ${machine.state}`, {
    ...(machine.state === 'paused' && { hint: `Continue it with "hearth resume ${machine.name ?? machine.id}".` }),
    ...(machine.failure && { details: { failure: machine.failure } }),
  })
}

/** Reads a machine again, now that its turn has come. */
export async function running(context: Pick<Context, 'rows'>, id: MachineId): Promise<Machine> {
  return mustBe(await context.rows.machines.get(id), 'running')
}
