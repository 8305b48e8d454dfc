import { HearthError, type Machine, type PoolValidator, type Receipt, type ReceiptItem } from '@hearth/model'
import { recordOf } from '../idempotency/once.ts'
import { reassign } from '../identity/personalise.ts'
import { assignRequest, newToken, type Personality } from '../identity/personality.ts'
import type { Reason } from '../launch/boot-reasons.ts'
import type { LaunchOrder } from '../launch/launch-order.ts'
import type { Phases } from '../launch/phases.ts'
import { forgetMachine } from '../machines/forget-machine.ts'
import { LinkedAbort, throwIfAborted, withDeadline } from '../time/abort.ts'
import { attempt } from '../time/background.ts'
import type { PoolContext } from './pool-context.ts'
import type { HeldEntry } from './pool-entry.ts'
import { validateEntry } from './validate-entry.ts'

/** How long a claimed entry may take to go on and answer, and again to pass its validators, in milliseconds; a healthy one needs a few. */
const claimProveMs = 250
/** Files of a launch may be large, and hooks in the guest slow. */
const claimPersonaliseMs = 5_000

export interface ClaimOrder {
  readonly wish: LaunchOrder
  readonly row: Omit<Machine, 'rev'>
  readonly env: Readonly<Record<string, string>>
  readonly reasons: readonly Reason[]
  readonly validators: readonly PoolValidator[]
  readonly phases: Phases
}

/** An entry that is somebody's now, durably, and nobody else's ever. */
export interface Taken {
  readonly machine: Machine
  readonly token: string
}

/**
 * Takes an entry for one owner, in one commit, before anything is done with it.
 * @throws HearthError `store_conflict` when it (or the idempotency record) was taken by somebody else, `name_taken`
 */
export async function takeEntry(context: PoolContext, entry: HeldEntry, { row, wish }: ClaimOrder): Promise<Taken> {
  const token = newToken(context.random)
  const record = recordOf(wish.idempotency, 'machine', entry.row.id)
  const machine = await context.rows.machines.insertBy(row, record, (made, alongside) =>
    context.store.poolEntries.claim(entry.row, made, { token, secrets: wish.secrets }, alongside),
  )
  context.failpoint('claim.taken')
  return { machine, token }
}

/** Continues what was taken, gives it its identity and proves it. After a failure the machine is gone, and so is its row. */
export async function handOver(
  context: PoolContext,
  entry: HeldEntry,
  order: ClaimOrder,
  taken: Taken,
  signal: AbortSignal,
): Promise<Machine> {
  const { wish, phases, reasons } = order
  try {
    const receipt = await personalised(context, entry, order, taken.token, signal)
    await validated(context, entry, order, signal)
    throwIfAborted(signal)
    const { phasesMs, totalMs } = phases.report()
    const boot = { method: 'warm' as const, reasons, phasesMs, totalMs, snapshotId: entry.manifest.id, poolHit: true }
    const deadlineAt = wish.timeoutMs === undefined ? undefined : context.clock.now() + wish.timeoutMs
    return await context.rows.machines.change(
      entry.row.id,
      () => ({ state: 'running', receipt, boot, deadlineAt }),
      taken.machine,
    )
  } catch (error) {
    await undo(context, entry, wish)
    throw error
  }
}

async function personalised(
  context: PoolContext,
  entry: HeldEntry,
  order: ClaimOrder,
  token: string,
  signal: AbortSignal,
): Promise<Receipt> {
  const { id, identified } = entry.row
  if (!identified) throw new HearthError('personalise_failed', `${id} was never identified`)
  const abort = new LinkedAbort(signal)
  try {
    const assigned = await proven(context, entry, order, token, abort.signal)
    entry.connection.setToken(token)
    context.failpoint('claim.personalised')
    order.phases.end('personalise')
    return { identify: identified, assign: assigned, verifiedAt: context.clock.now() }
  } catch (error) {
    abort.abort(new HearthError('cancelled', `the claim of ${id} has failed`))
    throw error
  } finally {
    abort.release()
  }
}

/**
 * The guest answers something small first, and soon: a dead one must not cost as much as large files may. What it is assigned is on
 * its way behind that, and answered in its own time.
 */
async function proven(
  context: PoolContext,
  entry: HeldEntry,
  { wish, row, env, phases }: ClaimOrder,
  token: string,
  signal: AbortSignal,
): Promise<readonly ReceiptItem[]> {
  const { id } = entry.row
  const who: Personality = { ...row, egress: row.config.egress, env, secrets: wish.secrets, files: wish.files, token }
  const soon = { limitMs: claimProveMs, what: `the first answer of ${id}` }
  const later = { limitMs: claimPersonaliseMs, what: `personalising ${id}` }
  let assigned: Promise<readonly ReceiptItem[]> | undefined
  await withDeadline(context.clock, soon, signal, async (within) => {
    await goOn(context, entry, row.config.egress !== 'none')
    phases.end('continue')
    context.failpoint('claim.continued')
    const session = await entry.connection.session({ signal: within })
    const answered = session.listExecs({ signal: within })
    assigned = withDeadline(context.clock, later, signal, (inTime) =>
      reassign(session, assignRequest(who, context, 'warm'), { verifier: context.receipts, signal: inTime }),
    )
    // It is waited for below, unless the guest is dead.
    assigned.catch(() => undefined)
    await answered
  })
  if (!assigned) throw new HearthError('personalise_failed', `${id} was never assigned`)
  return assigned
}

async function goOn(context: PoolContext, { row, template }: HeldEntry, linkUp: boolean): Promise<void> {
  const driver = context.drivers.of(row.driver)
  await Promise.all([
    linkUp && template.spec.egress !== 'none' ? driver.setLink(row.id, true) : undefined,
    driver.capabilities.pause ? driver.resume(row.id) : undefined,
  ])
}

async function validated(
  context: PoolContext,
  { row, connection }: HeldEntry,
  { validators, phases }: ClaimOrder,
  signal: AbortSignal,
): Promise<void> {
  // That the guest agent answers was proven a moment ago.
  const others = validators.filter((each) => each.kind !== 'guest')
  if (others.length === 0) return
  const limit = { limitMs: claimProveMs, what: `validating ${row.id}` }
  await withDeadline(context.clock, limit, signal, (soon) =>
    validateEntry({ machine: row.id, entry: row, connection, signal: soon }, others, context.validators),
  )
  phases.end('validate')
}

/**
 * Nobody was given it: its row goes, and whoever asked may be given another under the same name and key. Ending it is not waited for;
 * what a crash leaves has no row, and is ended by the next start.
 */
async function undo(context: PoolContext, { row }: HeldEntry, { idempotency }: LaunchOrder): Promise<void> {
  const { id, driver } = row
  const { log, store } = context
  context.guests.drop(id)
  if (idempotency) await attempt(log, `forget the request for ${id}`, () => forgetRecord(context, idempotency.id, id))
  await attempt(log, `forget the secrets of ${id}`, () => store.machines.deleteSecrets(id))
  await attempt(log, `forget ${id}`, () => context.rows.machines.remove(id))
  context.background.run(`end ${id}`, async () => {
    await attempt(log, `destroy ${id}`, () => context.drivers.of(driver).destroy(id))
    await forgetMachine(context, id)
  })
}

/** The next try begins it again, about another machine. */
async function forgetRecord(context: PoolContext, record: string, machine: string): Promise<void> {
  const now = await context.store.idempotency.get(record)
  if (now?.state === 'pending' && now.resource?.id === machine) await context.store.idempotency.delete(now.id, now.rev)
}
