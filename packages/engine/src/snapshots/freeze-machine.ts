import { driverError, type MachineId, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import { running } from '../machines/find-machine.ts'
import { guestOf, thawRequest } from '../machines/guest-of.ts'
import type { SnapshotOrder } from './snapshot-order.ts'
import { takeSnapshot } from './take-snapshot.ts'

/** A snapshot of a running machine, which goes on. Its secrets are dropped from the guest before and given back after. */
export function freezeMachine(
  context: Context,
  id: MachineId,
  order: Pick<SnapshotOrder, 'kind' | 'tag' | 'labels' | 'ttlMs' | 'pinned'>,
  cancel?: AbortSignal,
): Promise<Snapshot> {
  return context.turns.take(id, [cancel, context.background.ending], async (signal) => {
    const machine = await running(context, id)
    const driver = context.drivers.of(machine.driver)
    if (!driver.capabilities.liveSnapshot) {
      throw driverError('Misconfigured', `driver ${driver.name} cannot snapshot a machine that goes on`)
    }
    const connection = await guestOf(context, machine)
    return takeSnapshot(
      context,
      {
        ...order,
        namespace: machine.namespace,
        driver,
        source: id,
        template: machine.template,
        resources: machine.resources,
        config: machine.config,
        connection,
        thaw: await thawRequest(context, machine),
        ...(machine.restoredFrom && { parent: machine.restoredFrom }),
      },
      signal,
    )
  })
}
