import {
  HearthError,
  looksLikeMachineId,
  type Machine,
  type MachineId,
  type Name,
  parseMachineId,
  parseName,
} from '@hearth/model'
import type { Context } from '../context.ts'

/** By id in any state, by name while it lives; what is in another namespace is not there. @throws HearthError `machine_not_found`, `invalid_input` */
export async function findMachine(context: Pick<Context, 'store' | 'rows'>, namespace: Name, text: string): Promise<Machine> {
  const found = looksLikeMachineId(text)
    ? await context.rows.machines.find(parseMachineId(text))
    : await context.store.machines.byName(namespace, parseName(text, 'machine'))
  if (found?.namespace !== namespace) throw context.rows.machines.missing(text)
  return found
}

/** What is done on the host can be done by its own server only. @throws HearthError `wrong_host` */
export function mustBeHere<Row extends { readonly id: string; readonly host: string }>(
  context: Pick<Context, 'host'>,
  row: Row,
): Row {
  if (row.host === context.host) return row
  throw new HearthError('wrong_host', `${row.id} is looked after by another server (${row.host})`, {
    hint: 'Ask the server of that host.',
    details: { host: row.host },
  })
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
