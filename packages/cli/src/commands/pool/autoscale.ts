import { usageError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'
import { scalePlanText } from '../../output/pool-text.ts'

export interface AutoscaleOptions {
  readonly dryRun?: true | undefined
  readonly hitRate?: number | undefined
  readonly smallest?: number | undefined
  readonly largest?: number | undefined
}

/** `hearth pool autoscale NAME --dry-run`: what autoscale would do, reckoned over the launches that were recorded. */
export async function poolAutoscale(context: Context, name: string, options: AutoscaleOptions): Promise<void> {
  const { dryRun, hitRate, smallest, largest } = options
  if (!dryRun) {
    throw usageError(
      'autoscale is turned on by "hearth pool set"',
      `Write hearth pool set ${name} --autoscale ${hitRate ?? 0.99}, or --dry-run to see what it would do.`,
    )
  }
  const { pools } = await context.connect()
  const request = {
    ...(hitRate !== undefined && { targetHitRate: hitRate }),
    ...(smallest !== undefined && { smallest }),
    ...(largest !== undefined && { largest }),
  }
  const plan = await pools.planScale(name, { ...request, signal: context.signal })
  context.print(plan, () => scalePlanText(plan))
}
