import type { Context } from '../context.ts'
import { type LaunchFlags, launchOptions } from '../input/launch-options.ts'
import { withProgress } from '../output/progress.ts'
import { tellBoot } from './launch.ts'

export interface SnapshotRestoreOptions extends LaunchFlags {
  readonly force?: true | undefined
  readonly idempotencyKey?: string | undefined
}

/** `hearth snapshot restore SNAPSHOT`: prints the machine's id. */
export async function snapshotRestore(context: Context, id: string, options: SnapshotRestoreOptions): Promise<void> {
  const request = {
    ...(await launchOptions(context, options)),
    force: options.force ?? false,
    idempotencyKey: options.idempotencyKey,
    signal: context.signal,
  }
  const hearth = await context.connect()
  const machine = await withProgress(context, `restoring ${id}`, () => hearth.snapshots.restore(id, request))
  const { restoredFromSnapshot, ttlExpired } = machine
  context.print({ machine: machine.data, restoredFromSnapshot, ttlExpired }, () => machine.id)
  if (context.json) return
  tellBoot(context, machine)
  if (ttlExpired && !restoredFromSnapshot) {
    context.say(`the time of ${id} is over: this is a fresh machine from its configuration; --force restores the snapshot`)
  }
}
