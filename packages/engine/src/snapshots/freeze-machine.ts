import { driverError, type Machine, type MachineDriver, type MachineId, type Snapshot } from '@hearth/model'
import type { Context } from '../context.ts'
import type { OnceOptions } from '../idempotency/once.ts'
import { running } from '../machines/find-machine.ts'
import { guestOf, thawRequest } from '../machines/guest-of.ts'
import type { SnapshotIntent, SnapshotOrder } from './snapshot-order.ts'
import { takeSnapshot } from './take-snapshot.ts'

/** A snapshot of a running machine for its clones. Its secrets are dropped from the guest before and given back after. */
export function freezeForFork(context: Context, id: MachineId, options: OnceOptions = {}): Promise<Snapshot> {
  const { signal: cancel, idempotency } = options
  return context.turns.take(id, [cancel, context.background.ending], async (signal) => {
    const machine = await running(context, id)
    const order = await liveOrder(context, machine)
    return takeSnapshot(context, { ...intentOf(machine, 'fork'), ...order, ...(idempotency && { idempotency }) }, signal)
  })
}

/** What the row of a snapshot of `machine` says. */
export function intentOf(machine: Machine, kind: SnapshotIntent['kind']): SnapshotIntent {
  const { id, namespace, template, restoredFrom } = machine
  return { kind, namespace, source: id, template, ...(restoredFrom && { parent: restoredFrom }) }
}

/** How a machine is frozen that goes on. */
export async function liveOrder(context: Context, machine: Machine): Promise<SnapshotOrder> {
  const driver = mustSnapshotLive(context.drivers.of(machine.driver))
  const connection = await guestOf(context, machine)
  const { resources, config } = machine
  return { driver, resources, config, connection, thaw: await thawRequest(context, machine) }
}

/** @throws HearthError `driver_misconfigured` */
export function mustSnapshotLive(driver: MachineDriver): MachineDriver {
  if (driver.capabilities.liveSnapshot) return driver
  throw driverError('Misconfigured', `driver ${driver.name} cannot snapshot a machine that goes on`)
}
