import {
  type AssignRequest,
  type GuestSession,
  HearthError,
  type IdentifyRequest,
  isHearthError,
  messageOf,
  type Receipt,
  type ReceiptItem,
  type ThawRequest,
} from '@hearth/model'
import type { ReceiptVerifier } from '../parts.ts'

export interface PersonaliseOptions {
  readonly verifier: ReceiptVerifier
  readonly now: () => number
  readonly signal: AbortSignal
  /** What the host's side of the NIC says of the guest's MAC; `undefined` where there is no such view. */
  readonly seesMac: (mac: string) => Promise<boolean | undefined>
  /** What a restored guest, whose user processes are frozen, is told once it has proven who it is; hooks meet them awake. */
  readonly thaw?: ThawRequest
}

/**
 * Makes a machine its own and returns the proof. Nobody is thawed before the first part is proven, and each part is told the time as
 * it is sent. Anything that is missing, wrong or refused is `personalise_failed`: the machine must not be used.
 */
export async function personalise(
  session: GuestSession,
  identify: IdentifyRequest,
  assign: AssignRequest,
  options: PersonaliseOptions,
): Promise<Receipt> {
  try {
    const { verifier, now, signal, thaw } = options
    const who = { ...identify, wallClockMs: now() }
    const identified = await session.identify(who, { signal })
    verifier.identify(who, identified, session.hello)
    await checkMac(who, identified, options)
    // Ahead of the second part, whose hooks must meet user processes awake.
    const thawed = thaw && session.thaw(thaw, { signal })
    const [assigned] = await Promise.all([reassign(session, { ...assign, wallClockMs: now() }, options), thawed])
    return { identify: identified, assign: assigned, verifiedAt: now() }
  } catch (error) {
    throw personaliseFailed(error)
  }
}

/** Time, entropy and all else that an `assign` gives, once more for a machine that stood still. */
export async function reassign(
  session: GuestSession,
  assign: AssignRequest,
  options: Pick<PersonaliseOptions, 'verifier' | 'signal'>,
): Promise<readonly ReceiptItem[]> {
  try {
    const items = await session.assign(assign, { signal: options.signal })
    options.verifier.assign(assign, items, session.hello)
    return items
  } catch (error) {
    throw personaliseFailed(error)
  }
}

async function checkMac(request: IdentifyRequest, items: readonly ReceiptItem[], options: PersonaliseOptions): Promise<void> {
  const changed = items.some((item) => item.name === 'mac' && item.status === 'done')
  if (!request.mac || !changed) return
  if ((await options.seesMac(request.mac)) === false) {
    throw new HearthError('personalise_failed', `the guest says its MAC is ${request.mac}; the host sees another one`)
  }
}

function personaliseFailed(error: unknown): HearthError {
  if (isHearthError(error, 'personalise_failed', 'cancelled', 'driver_timeout', 'driver_unavailable')) return error
  return new HearthError('personalise_failed', `the machine could not be made its own: ${messageOf(error)}`, { cause: error })
}
