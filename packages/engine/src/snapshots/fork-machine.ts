import { HearthError, isHearthError, limits, messageOf, type Name, type SnapshotId } from '@hearth/model'
import type { Context } from '../context.ts'
import { type OnceOptions, onceOnly } from '../idempotency/once.ts'
import { whole } from '../input/checks.ts'
import { checkExtras, type LaunchExtras } from '../launch/check-launch.ts'
import { launchMachine } from '../launch/launch-machine.ts'
import { endMachine } from '../machines/end-machine.ts'
import { findMachine, mustBeHere } from '../machines/find-machine.ts'
import { throwIfAborted } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import { collectFork } from './erase-snapshot.ts'
import type { ForkOutcome, ForkRequest, ForkResult } from './fork-request.ts'
import { freezeForFork } from './freeze-machine.ts'

/** One frozen moment of a running machine, and clones of it, a few at a time. */
export function forkMachine(
  context: Context,
  namespace: Name,
  machine: string,
  request: ForkRequest,
  options: OnceOptions = {},
): Promise<ForkResult> {
  return onceOnly(context, options.idempotency, () => fork(context, namespace, machine, request, options))
}

async function fork(
  context: Context,
  namespace: Name,
  machine: string,
  request: ForkRequest,
  options: OnceOptions,
): Promise<ForkResult> {
  const { signal: cancel } = options
  const count = whole(request.count, { min: 1, max: limits.forkCount }, 'count')
  const extras = Array.from({ length: count }, (_, index) => cloneExtras(request, index))
  const { id } = mustBeHere(context, await findMachine(context, namespace, machine))
  const { id: snapshotId } = await freezeForFork(context, id, options)
  context.failpoint('fork.frozen')
  const letGo = context.snapshotUses.hold(snapshotId)
  try {
    const results = await someAtATime(context.options.forkConcurrency, extras, (each) =>
      clone(context, namespace, snapshotId, each, cancel),
    )
    if (cancel?.aborted) await endAll(context, results)
    throwIfAborted(cancel)
    return { snapshotId, results }
  } finally {
    letGo()
    await attempt(context.log, `collect ${snapshotId}`, () => collectFork(context, snapshotId))
  }
}

function cloneExtras(request: ForkRequest, index: number): LaunchExtras {
  const { count: _count, name, ...options } = request
  return checkExtras({ ...options, ...(name !== undefined && { name: `${name}-${index + 1}` }) })
}

async function clone(
  context: Context,
  namespace: Name,
  id: SnapshotId,
  extras: LaunchExtras,
  cancel?: AbortSignal,
): Promise<ForkOutcome> {
  const wish = { ...extras, namespace, origin: { kind: 'snapshot' as const, id }, boot: 'restored' as const }
  try {
    const machine = await launchMachine(context, wish, cancel ? { signal: cancel } : {})
    context.failpoint('fork.cloned')
    return { machine }
  } catch (error) {
    return { error: isHearthError(error) ? error : new HearthError('internal', messageOf(error), { cause: error }) }
  }
}

/** A cancelled fork leaves nothing, the clones that were quick enough included. */
async function endAll(context: Context, results: readonly ForkOutcome[]): Promise<void> {
  const made = results.flatMap((each) => ('machine' in each ? [each.machine] : []))
  await Promise.all(made.map(({ id }) => attempt(context.log, `end ${id}`, () => endMachine(context, id))))
}

async function someAtATime<T, R>(width: number, items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await work(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  return results
}
