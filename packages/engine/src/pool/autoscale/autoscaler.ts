import type { PoolSettings } from '@hearth/model'
import { Arrivals } from './arrivals.ts'
import { planScale, type ScalePlan, type ScaleRequest } from './plan-scale.ts'
import { recommendScale, type Scale } from './recommend.ts'

/** Launches of the last ten minutes count. */
const windowMs = 600_000
/** Before any entry was made. */
const assumedCostMs = 1_000
/** How much the last entry made says, beside all before it. */
const weight = 0.2

/** How large one pool is to be now, by what it has seen. */
export class Autoscaler {
  readonly #arrivals: Arrivals
  #settings: PoolSettings
  #scale: Scale
  #costMs: number | undefined

  constructor(settings: PoolSettings, nowMs: number) {
    this.#settings = settings
    this.#scale = settings
    this.#arrivals = new Arrivals(windowMs, nowMs)
  }

  get scale(): Scale {
    const { min, max } = this.#scale
    return { min, max }
  }

  change(settings: PoolSettings): void {
    const wasOff = !this.#settings.autoscale
    this.#settings = settings
    if (wasOff || !settings.autoscale) this.#scale = settings
  }

  /** A launch wanted a machine, and got one or not. */
  arrived(nowMs: number): void {
    this.#arrivals.add(nowMs)
  }

  /** An entry was made in `tookMs`. */
  made(tookMs: number): void {
    this.#costMs = this.#costMs === undefined ? tookMs : this.#costMs + weight * (tookMs - this.#costMs)
  }

  /** Reckons again, where the pool is to be scaled. */
  look(nowMs: number): void {
    const { autoscale } = this.#settings
    if (autoscale && this.#arrivals.isTelling(nowMs)) this.#scale = recommendScale(this.#demand(nowMs), autoscale)
  }

  /** @throws HearthError `invalid_input` */
  plan(nowMs: number, request: ScaleRequest | undefined, largest: number): ScalePlan {
    const recorded = { windowMs, arrivalsMs: this.#arrivals.recent(nowMs), demand: this.#demand(nowMs) }
    return planScale(this.#settings, this.scale, recorded, request, largest)
  }

  #demand(nowMs: number) {
    const launchCostMs = Math.max(1, Math.round(this.#costMs ?? assumedCostMs))
    return this.#arrivals.demand(nowMs, { launchCostMs, concurrency: this.#settings.concurrency })
  }
}
