import { isExpired, type Name } from '@hearth/model'
import type { Context } from '../context.ts'
import { checkLaunch, type LaunchWish } from '../launch/check-launch.ts'
import { launchMachine } from '../launch/launch-machine.ts'
import type { LaunchRequest } from '../launch/launch-request.ts'
import { mustBeHere } from '../machines/find-machine.ts'
import { inNamespace } from '../namespaces/limits.ts'
import type { RestoreOptions, RestoreOutcome } from './engine-snapshots.ts'
import { findSnapshot, mustBeReady } from './find-snapshot.ts'

interface Intention {
  readonly wish: LaunchWish
  readonly ttlExpired: boolean
}

/** A machine from a template or a snapshot, in a namespace that exists. */
export function launchIn(
  context: Context,
  namespace: Name,
  request: LaunchRequest,
  { force = false, ...options }: RestoreOptions = {},
): Promise<RestoreOutcome> {
  return inNamespace(context, namespace, async () => {
    const { wish, ttlExpired } = await intentionOf(context, namespace, request, force)
    const machine = await launchMachine(context, wish, options)
    return { machine, ttlExpired, restoredFromSnapshot: machine.boot?.snapshotId === request.snapshot }
  })
}

/** What a request means now: a snapshot whose time is over says only how the machine was launched that it was taken of. */
async function intentionOf(context: Context, namespace: Name, request: LaunchRequest, force: boolean): Promise<Intention> {
  const wish = checkLaunch(namespace, request)
  const { origin } = wish
  if (origin.kind !== 'snapshot') return { wish, ttlExpired: false }
  const row = await findSnapshot(context, namespace, origin.id)
  const now = context.clock.now()
  const ttlExpired = isExpired(row, now)
  if (!ttlExpired || force || row.state !== 'ready') return { wish, ttlExpired }
  const { id, template, createdAt, ttlMs, manifest } = mustBeReady(mustBeHere(context, row))
  const { snapshot: _, ...others } = request
  const detail = `snapshot ${id} is ${now - createdAt} ms old and was to be kept for ${ttlMs} ms`
  const afresh = { manifest, reason: { code: 'snapshot_expired' as const, detail } }
  return { wish: { ...checkLaunch(namespace, { ...others, template }), afresh }, ttlExpired }
}
