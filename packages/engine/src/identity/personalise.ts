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
 * Makes a machine its own and returns the proof. Requests are on their way before the one before is answered: the agent works in order.
 * But nobody is thawed before the first part is proven. Anything that is missing, wrong or refused is `personalise_failed`: the
 * machine must not be used.
 */
export async function personalise(
  session: GuestSession,
  identify: IdentifyRequest,
  assign: AssignRequest,
  options: PersonaliseOptions,
): Promise<Receipt> {
  try {
    const { thaw, signal } = options
    const identified = session.identify(identify, { signal }).then(async (items) => {
      options.verifier.identify(identify, items, session.hello)
      await checkMac(identify, items, options)
      return items
    })
    if (thaw) await identified
    const thawed = thaw && session.thaw(thaw, { signal })
    const assigned = session.assign(assign, { signal }).then((items) => {
      options.verifier.assign(assign, items, session.hello)
      return items
    })
    const [first, second] = await Promise.all([identified, assigned, thawed])
    return { identify: first, assign: second, verifiedAt: options.now() }
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
