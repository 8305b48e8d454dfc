import type { NamespaceEngine } from '@hearth/engine'
import type { GuestSession } from '@hearth/model'

/** How long a guest may take to answer when it is first spoken to, in milliseconds. */
const connectMs = 15_000

/** A session with the guest agent of `machine` (id or name). @throws HearthError `machine_not_running`, `guest_*` */
export async function guestSession(engine: NamespaceEngine, machine: string, signal: AbortSignal): Promise<GuestSession> {
  const guest = await engine.machines.guest(machine)
  return guest.session({ signal: AbortSignal.any([signal, AbortSignal.timeout(connectMs)]) })
}
