import { usageError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../output/progress.ts'
import { each } from './each.ts'

/** `hearth rm MACHINE… | --all` */
export async function rm(context: Context, refs: readonly string[], all: boolean): Promise<void> {
  if (all && refs.length > 0) throw usageError('--all and names of machines exclude each other')
  if (!all && refs.length === 0) throw usageError('which machine?', 'Name machines, or add --all; "hearth ls" lists them.')
  const { signal } = context
  const { machines } = await context.connect()
  const doomed = all ? (await machines.list({ signal, limit: 1000 }).toArray()).map((machine) => machine.id) : refs
  await withProgress(context, 'removing', () => each(context, doomed, (ref) => machines.ref(ref).remove({ signal })))
}
