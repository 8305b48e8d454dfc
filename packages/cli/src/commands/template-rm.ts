import type { Context } from '../context.ts'
import { each } from './each.ts'

/** `hearth template rm NAME@VERSION…` */
export async function templateRm(context: Context, refs: readonly string[]): Promise<void> {
  const { templates } = await context.connect()
  await each(context, refs, (ref) => templates.remove(ref, { signal: context.signal }))
}
