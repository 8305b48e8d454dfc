import type { Context } from '../context.ts'
import { each } from './each.ts'

/** `hearth pause MACHINE…` */
export async function pause(context: Context, refs: readonly string[]): Promise<void> {
  const { machines } = await context.connect()
  await each(context, refs, async (ref) => {
    await machines.ref(ref).pause({ signal: context.signal })
  })
}

/** `hearth resume MACHINE…` */
export async function resume(context: Context, refs: readonly string[]): Promise<void> {
  const { machines } = await context.connect()
  await each(context, refs, async (ref) => {
    await machines.ref(ref).resume({ signal: context.signal })
  })
}
