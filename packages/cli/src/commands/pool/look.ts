import type { Context } from '../../context.ts'
import { poolStatsText, poolTable, poolText } from '../../output/pool-text.ts'

/** `hearth pool list` */
export async function poolList(context: Context): Promise<void> {
  const { pools } = await context.connect()
  const all = await pools.list({ signal: context.signal })
  context.print(all, () => poolTable(all))
}

/** `hearth pool show NAME` */
export async function poolShow(context: Context, name: string): Promise<void> {
  const { pools } = await context.connect()
  const pool = await pools.get(name, { signal: context.signal })
  context.print(pool, () => poolText(pool))
}

/** `hearth pool stats NAME` */
export async function poolStats(context: Context, name: string): Promise<void> {
  const { pools } = await context.connect()
  const stats = await pools.stats(name, { signal: context.signal })
  context.print(stats, () => poolStatsText(stats))
}
