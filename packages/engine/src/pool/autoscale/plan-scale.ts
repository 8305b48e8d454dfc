import { type PoolAutoscale, type PoolSettings, poolLimits } from '@hearth/model'
import { checkAutoscale } from '../check-settings.ts'
import { type Demand, recommendScale, type Scale } from './recommend.ts'
import { type ReplayResult, replayArrivals } from './replay.ts'

/** What to reckon with in place of the pool's own autoscale setting. */
export type ScaleRequest = Partial<PoolAutoscale>

/** What autoscale would do, and how that would have served the launches that were recorded. */
export interface ScalePlan {
  /** Launches within so many milliseconds were recorded, hits and misses. */
  readonly windowMs: number
  readonly demand: Demand
  readonly bounds: PoolAutoscale
  readonly now: Scale & ReplayResult
  readonly recommended: Scale & ReplayResult
}

const usualHitRate = 0.99

export interface Recorded {
  readonly windowMs: number
  readonly arrivalsMs: readonly number[]
  readonly demand: Demand
}

/** Reckons; changes nothing. @throws HearthError `invalid_input` */
export function planScale(
  settings: PoolSettings,
  now: Scale,
  recorded: Recorded,
  request: ScaleRequest = {},
  largest: number = poolLimits.size.max,
): ScalePlan {
  const usual = { targetHitRate: usualHitRate, smallest: Math.min(1, settings.max), largest: settings.max }
  const bounds = checkAutoscale({ ...usual, ...settings.autoscale, ...request }, largest)
  const { arrivalsMs, demand, windowMs } = recorded
  const served = (scale: Scale) => ({ ...scale, ...replayArrivals(arrivalsMs, scale, demand) })
  return { windowMs, demand, bounds, now: served(now), recommended: served(recommendScale(demand, bounds)) }
}
