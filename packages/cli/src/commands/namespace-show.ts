import type { Context } from '../context.ts'
import { namespaceText } from '../output/namespace-text.ts'

/** `hearth namespace show NAMESPACE` */
export async function namespaceShow(context: Context, name: string): Promise<void> {
  const { signal } = context
  const { namespaces } = await context.connect()
  const [namespace, usage] = await Promise.all([namespaces.get(name, { signal }), namespaces.usage(name, { signal })])
  context.print({ ...namespace, usage }, () => namespaceText(namespace, usage))
}
