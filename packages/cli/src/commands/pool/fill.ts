import { CliError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'
import { poolTable } from '../../output/pool-text.ts'
import { withProgress } from '../../output/progress.ts'
import { duration } from '../../output/units.ts'
import { each } from '../each.ts'

/** The server holds an answer back no longer than this, in seconds. */
const longestWaitSeconds = 600

/** `hearth pool warm NAME`: waits until it is full. */
export async function poolWarm(context: Context, name: string, giveUpMs: number): Promise<void> {
  const { pools } = await context.connect()
  const endMs = context.now() + giveUpMs
  const pool = await withProgress(context, `filling pool ${name}`, async () => {
    for (;;) {
      const leftSeconds = Math.max(0, endMs - context.now()) / 1000
      const waitSeconds = Math.min(longestWaitSeconds, leftSeconds)
      const now = await pools.warm(name, { waitSeconds, signal: context.signal })
      if (now.stats.depth >= now.stats.target || leftSeconds <= longestWaitSeconds) return now
    }
  })
  const { depth, target, reason } = pool.stats
  if (depth < target) {
    throw new CliError(
      `pool ${name} has ${depth} of ${target} machines after ${duration(giveUpMs)}${reason ? `: ${reason}` : ''}`,
      {
        hint: `It is being filled all the same; see "hearth pool show ${name}".`,
      },
    )
  }
  context.print(pool, () => poolTable([pool]))
}

/** `hearth pool drain NAME…` */
export async function poolDrain(context: Context, names: readonly string[]): Promise<void> {
  const { pools } = await context.connect()
  await each(context, names, async (name) => {
    await pools.drain(name, { signal: context.signal })
  })
}

/** `hearth pool rm NAME…` */
export async function poolRm(context: Context, names: readonly string[]): Promise<void> {
  const { pools } = await context.connect()
  await each(context, names, (name) => pools.remove(name, { signal: context.signal }))
}
