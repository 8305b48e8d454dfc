import type { Context } from '../context.ts'
import { withProgress } from '../output/progress.ts'
import { duration, size } from '../output/units.ts'

/** `hearth snapshot create MACHINE`: prints the snapshot's id. */
export async function snapshotCreate(
  context: Context,
  ref: string,
  options: { readonly tag?: string | undefined },
): Promise<void> {
  const request = { ...(options.tag === undefined ? {} : { tag: options.tag }), signal: context.signal }
  const hearth = await context.connect()
  const snapshot = await withProgress(context, `snapshotting ${ref}`, () => hearth.machines.ref(ref).snapshot(request))
  context.print(snapshot, () => snapshot.id)
  if (context.json || snapshot.pauseMs === undefined || snapshot.sizeBytes === undefined) return
  context.say(`${ref} stood still for ${duration(snapshot.pauseMs)}; ${size(snapshot.sizeBytes)}, ${snapshot.quality}`)
}
