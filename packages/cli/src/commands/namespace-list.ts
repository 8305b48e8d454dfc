import type { Context } from '../context.ts'
import { namespaceTable } from '../output/namespace-text.ts'

/** `hearth namespace list` */
export async function namespaceList(context: Context): Promise<void> {
  const hearth = await context.connect()
  const namespaces = await hearth.namespaces.list({ signal: context.signal })
  context.print(namespaces, () => namespaceTable(namespaces, context.now()))
}
