import type { MachineId } from '@hearth/model'
import type { Context } from '../context.ts'
import { collectFork } from '../snapshots/erase-snapshot.ts'
import { attempt } from '../time/background.ts'

/** Lets go of all that a machine held beside its row and its host: guest, secrets, address, and its snapshot if it was the last clone. */
export async function forgetMachine(context: Context, id: MachineId): Promise<void> {
  context.guests.drop(id)
  context.addresses.release(id)
  context.promisedMemory.release(id)
  context.templateUses.release(id)
  await attempt(context.log, `forget the secrets of ${id}`, () => context.store.machines.deleteSecrets(id))
  const snapshot = context.snapshotUses.release(id)
  if (snapshot) await attempt(context.log, `collect ${snapshot}`, () => collectFork(context, snapshot))
}
