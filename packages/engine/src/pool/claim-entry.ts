import { HearthError, type Machine, type PoolValidator, type Receipt } from '@hearth/model'
import { recordOf } from '../idempotency/once.ts'
import { reassign } from '../identity/personalise.ts'
import { assignRequest, newToken, type Personality } from '../identity/personality.ts'
import type { Reason } from '../launch/boot-reasons.ts'
import { hostnameOf } from '../launch/check-launch.ts'
import type { LaunchOrder } from '../launch/launch-order.ts'
import type { Phases } from '../launch/phases.ts'
import { forgetMachine } from '../machines/forget-machine.ts'
import { throwIfAborted, withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import { validateEntry } from './validate-entry.ts'

/** How long a claimed entry may take to prove itself, in milliseconds; a healthy one needs a few. */
const claimValidateMs = 250
/** Files of a launch may be large, and a host busy. */
const claimPersonaliseMs = 5_000

export interface ClaimOrder {
  readonly wish: LaunchOrder
  readonly row: Omit<Machine, 'rev'>
  readonly env: Readonly<Record<string, string>>
  readonly reasons: readonly Reason[]
  readonly validators: readonly PoolValidator[]
  readonly phases: Phases
}

/**
 * Makes an entry somebody's machine: durably taken first, then continued, given its identity and proven. Whoever loses the race
 * for it gets `store_conflict`; after any other failure the machine is gone, and so is its row.
 */
export async function claimEntry(
  context: PoolContext,
  entry: HeldEntry,
  order: ClaimOrder,
  signal: AbortSignal,
): Promise<Machine> {
  const { id } = entry.row
  const { row, wish, phases } = order
  const token = newToken(context.random)
  const secrets = { token, secrets: wish.secrets }
  const taken = await context.rows.machines.insertBy(row, recordOf(wish.idempotency, 'machine', id), (machine, alongside) =>
    context.store.poolEntries.claim(entry.row, machine, secrets, alongside),
  )
  phases.end('take')
  try {
    const receipt = await handOver(context, entry, order, token, signal)
    throwIfAborted(signal)
    const { phasesMs, totalMs } = phases.report()
    const { timeoutMs } = wish
    return await context.rows.machines.change(
      id,
      () => ({
        state: 'running',
        receipt,
        boot: { method: 'warm', reasons: order.reasons, phasesMs, totalMs, snapshotId: entry.manifest.id, poolHit: true },
        ...(timeoutMs !== undefined && { deadlineAt: context.clock.now() + timeoutMs }),
      }),
      taken,
    )
  } catch (error) {
    await undo(context, entry)
    throw error
  }
}

async function handOver(
  context: PoolContext,
  entry: HeldEntry,
  { wish, row, env, phases, validators }: ClaimOrder,
  token: string,
  signal: AbortSignal,
): Promise<Receipt> {
  const { id, identified } = entry.row
  const driver = context.drivers.of(entry.row.driver)
  if (!identified) throw new HearthError('personalise_failed', `${id} was never identified`)
  if (driver.capabilities.pause) await driver.resume(id)
  phases.end('continue')
  const who: Personality = {
    machineUuid: row.machineUuid,
    hostname: row.hostname,
    network: row.network,
    egress: row.config.egress,
    env,
    secrets: wish.secrets,
    files: wish.files,
    token,
  }
  const limit = { limitMs: claimPersonaliseMs, what: `personalising ${id}` }
  const assigned = await withDeadline(context.clock, limit, signal, async (within) => {
    const session = await entry.connection.session({ signal: within })
    return reassign(session, assignRequest(who, context, 'warm'), { verifier: context.receipts, signal: within })
  })
  entry.connection.setToken(token)
  phases.end('personalise')
  // That the guest agent answers was proven a moment ago.
  const others = validators.filter((each) => each.kind !== 'guest')
  if (others.length > 0) {
    const within = { limitMs: claimValidateMs, what: `validating ${id}` }
    await withDeadline(context.clock, within, signal, (soon) =>
      validateEntry({ machine: id, entry: entry.row, connection: entry.connection, signal: soon }, others, context.validators),
    )
    phases.end('validate')
  }
  return { identify: identified, assign: assigned, verifiedAt: context.clock.now() }
}

/** Nobody was given it: its row goes too, and whoever asked may be given another under the same name and key. */
async function undo(context: PoolContext, { row }: HeldEntry): Promise<void> {
  context.guests.drop(row.id)
  const gone = await attempt(context.log, `destroy ${row.id}`, () => context.drivers.of(row.driver).destroy(row.id))
  await forgetMachine(context, row.id)
  if (gone) await attempt(context.log, `forget ${row.id}`, () => context.rows.machines.remove(row.id))
}

/** The name of a machine on its own network. */
export function hostnameFor(wish: LaunchOrder, id: string): string {
  return wish.hostname ?? hostnameOf(wish.name, id)
}
