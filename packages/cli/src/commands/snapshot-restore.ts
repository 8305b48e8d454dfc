import type { Context } from '../context.ts'
import { type LaunchFlags, launchOptions } from '../input/launch-options.ts'
import { withProgress } from '../output/progress.ts'
import { printLaunched } from './launch.ts'

/** `hearth snapshot restore SNAPSHOT`: prints the machine's id. */
export async function snapshotRestore(context: Context, id: string, flags: LaunchFlags): Promise<void> {
  const request = { ...(await launchOptions(context, flags)), signal: context.signal }
  const hearth = await context.connect()
  printLaunched(context, await withProgress(context, `restoring ${id}`, () => hearth.snapshots.restore(id, request)))
}
