import { limits, type Machine } from '@hearth/model'
import type { Context } from '../context.ts'
import { whole } from '../input/checks.ts'
import { mustBe } from './find-machine.ts'

/** Gives a machine `timeoutMs` from now, more or less than it had. @throws HearthError `machine_not_running`, `invalid_input` */
export async function extendMachine(context: Context, machine: Machine, timeoutMs: number): Promise<Machine> {
  const wanted = whole(timeoutMs, limits.timeoutMs, 'timeoutMs')
  const extended = await context.rows.machines.change(
    machine.id,
    (now) => ({
      deadlineAt: context.clock.now() + wanted,
      config: { ...mustBe(now, 'running', 'paused').config, timeoutMs: wanted },
    }),
    machine,
  )
  if (extended.host === context.host) context.deadlines.note(extended)
  return extended
}
