import type { Context } from '../context.ts'
import { each } from './each.ts'

/** `hearth namespace rm NAMESPACE…` */
export async function namespaceRm(context: Context, names: readonly string[]): Promise<void> {
  const { namespaces } = await context.connect()
  await each(context, names, (name) => namespaces.remove(name, { signal: context.signal }))
}
