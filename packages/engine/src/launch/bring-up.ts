import {
  type GuestConnection,
  type GuestSession,
  HearthError,
  type HookReason,
  isHearthError,
  type MachineDriver,
  type MachineSpec,
  messageOf,
  type Receipt,
  type SnapshotManifest,
} from '@hearth/model'
import type { Context } from '../context.ts'
import { personalise } from '../identity/personalise.ts'
import { assignRequest, identifyRequest, type Personality } from '../identity/personality.ts'
import { LinkedAbort, orAborted, withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import type { Phases } from './phases.ts'

/** A machine to be: what the driver makes and what its guest is given. */
export interface Newcomer {
  readonly driver: MachineDriver
  readonly spec: MachineSpec
  readonly who: Personality
  /** Why hooks in the guest run; `restored` or `cold` when absent. */
  readonly reason?: HookReason
  /** Restored from this; booted from its template when absent. */
  readonly from?: SnapshotManifest
  /** Its network card is to have no link before anything of its own runs: it is nobody's yet. */
  readonly linkDown?: boolean
  /** What the restored guest still asks for, when it was frozen unawares. */
  readonly staleToken?: string
  /** What else must have succeeded before the guest is met (its row is written); runs beside the driver's work. */
  readonly beside?: () => Promise<unknown>
  readonly phases: Phases
}

/** A machine that is up, its own, and proven so; user processes run. */
export interface BroughtUp {
  readonly connection: GuestConnection
  readonly session: GuestSession
  /** Absent only when personalise is switched off. */
  readonly receipt?: Receipt
}

/**
 * From nothing to a machine that is its own. The driver's work, the rows and the keys are on their way at the same time.
 * Fails closed: whatever goes wrong, the machine is destroyed before this rejects.
 */
export async function bringUp(context: Context, newcomer: Newcomer, signal: AbortSignal): Promise<BroughtUp> {
  const { id } = newcomer.spec
  const abort = new LinkedAbort(signal)
  const unwatch = context.exits.watch(id, (error) => abort.abort(error))
  const limit = newcomer.from
    ? { limitMs: context.options.restoreDeadlineMs, what: `restoring ${id}` }
    : { limitMs: context.options.bootDeadlineMs, what: `booting ${id}` }
  try {
    return await withDeadline(context.clock, limit, abort.signal, (within) => steps(context, newcomer, within, abort))
  } catch (error) {
    context.guests.drop(id)
    await attempt(context.log, `destroy ${id}`, () => newcomer.driver.destroy(id))
    throw error
  } finally {
    unwatch()
    abort.release()
  }
}

async function steps(context: Context, newcomer: Newcomer, signal: AbortSignal, abort: LinkedAbort): Promise<BroughtUp> {
  const { driver, spec, who, from, phases, reason = from ? 'restored' : 'cold' } = newcomer
  const making = from ? driver.restore(from, spec, { signal }) : driver.boot(spec, { signal })
  destroyIfLate(context, newcomer, making, signal)
  const identify = identifyRequest(who, context, [context.newSshHostKey()])
  await orAborted(Promise.all([making, newcomer.beside?.()]), signal).catch((error) => {
    abort.abort(isHearthError(error) ? error : new HearthError('internal', messageOf(error), { cause: error }))
    throw error
  })
  context.failpoint('launch.machine_up')
  phases.end(from ? 'restore' : 'boot')

  const connection = context.guests.open(driver, spec.id, newcomer.staleToken)
  const session = await connection.session({ signal })
  context.guests.met(spec.id, session.hello)
  if (newcomer.linkDown) await driver.setLink(spec.id, false)
  phases.end('connect')

  if (from && context.options.personalise === 'off') {
    await session.thaw({ env: who.env, secrets: who.secrets }, { signal })
    return { connection, session }
  }
  const receipt = await personalise(session, identify, assignRequest(who, context, reason), {
    verifier: context.receipts,
    now: () => context.clock.now(),
    signal,
    seesMac: (mac) => driver.seesMac(spec.id, mac),
    ...(from && { thaw: { env: who.env, secrets: who.secrets, token: who.token } }),
  })
  connection.setToken(who.token)
  context.failpoint('launch.personalised')
  phases.end('personalise')
  return { connection, session, receipt }
}

/** A driver that goes on after the abort may still make a machine when nobody waits for it any more. */
function destroyIfLate(context: Context, { driver, spec }: Newcomer, making: Promise<void>, signal: AbortSignal): void {
  making.then(
    () => {
      if (signal.aborted) context.background.run('destroy a late machine', () => driver.destroy(spec.id))
    },
    () => undefined,
  )
}
