import type { PoolOptions, PoolResource } from '@hearth/sdk'
import { isHearthError } from '@hearth/sdk'
import { usageError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'
import { poolText } from '../../output/pool-text.ts'

export interface PoolSetOptions {
  readonly template?: string | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  readonly refillInterval?: number | undefined
  readonly entryMaxAge?: number | undefined
  readonly snapshotMaxAge?: number | undefined
  readonly concurrency?: number | undefined
  readonly startsPerMinute?: number | undefined
  readonly progressDeadline?: number | undefined
  /** `false`: none. */
  readonly validate?: PoolResource['settings']['validators'] | false | undefined
  readonly lazy?: boolean | undefined
  /** The share of launches that it should serve; `false`: off. */
  readonly autoscale?: number | false | undefined
  readonly autoscaleMin?: number | undefined
  readonly autoscaleMax?: number | undefined
  readonly cutOver?: true | undefined
}

/** `hearth pool set NAME`: makes a pool, or changes what is named of one. */
export async function poolSet(context: Context, name: string, options: PoolSetOptions): Promise<void> {
  const { template, cutOver } = options
  const hearth = await context.connect()
  const before = await existing(() => hearth.pools.get(name, { signal: context.signal }))
  const request: PoolOptions = {
    ...(template !== undefined && { template }),
    ...(cutOver && { cutOver }),
    settings: { ...plainSettings(options), ...scaling(options, before) },
    signal: context.signal,
  }
  const pool = before ? await hearth.pools.update(name, { ...request, ifRev: before.rev }) : await hearth.pools.set(name, request)
  context.print(pool, () => poolText(pool))
}

async function existing(get: () => Promise<PoolResource>): Promise<PoolResource | undefined> {
  try {
    return await get()
  } catch (error) {
    if (isHearthError(error, 'pool_not_found')) return undefined
    throw error
  }
}

type Settings = NonNullable<PoolOptions['settings']>

function plainSettings(options: PoolSetOptions): Settings {
  const named = {
    min: options.min,
    max: options.max,
    refillIntervalMs: options.refillInterval,
    entryMaxAgeMs: options.entryMaxAge,
    snapshotMaxAgeMs: options.snapshotMaxAge,
    concurrency: options.concurrency,
    startsPerMinute: options.startsPerMinute,
    progressDeadlineMs: options.progressDeadline,
    validators: options.validate === false ? [] : options.validate,
    lazy: options.lazy,
  }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}

/** Autoscale as it is to be; bounds that are not named stay, or are the pool's own size. */
function scaling(options: PoolSetOptions, before: PoolResource | undefined): Pick<Settings, 'autoscale'> {
  const { autoscale, autoscaleMin, autoscaleMax } = options
  if (autoscale === false) return { autoscale: null }
  if (autoscale === undefined && autoscaleMin === undefined && autoscaleMax === undefined) return {}
  const now = before?.settings.autoscale
  const targetHitRate = autoscale ?? now?.targetHitRate
  const largest = autoscaleMax ?? now?.largest ?? options.max ?? before?.settings.max
  if (targetHitRate === undefined) throw usageError('which hit rate is wanted?', 'Name --autoscale, such as --autoscale 0.99.')
  if (largest === undefined) throw usageError('how large may the pool get?', 'Name --autoscale-max or --max.')
  return { autoscale: { targetHitRate, smallest: autoscaleMin ?? now?.smallest ?? Math.min(1, largest), largest } }
}
