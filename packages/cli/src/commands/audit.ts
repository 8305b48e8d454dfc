import type { Context } from '../context.ts'
import { auditTable } from '../output/key-text.ts'

/** `hearth audit` */
export async function audit(context: Context, limit: number): Promise<void> {
  const { keys } = await context.connect()
  const entries = await keys.audit({ limit: Math.min(limit, 1000), signal: context.signal }).toArray(limit)
  context.print(entries, () => auditTable(entries))
}
