import type { Scale } from './recommend.ts'

/** How a pool of some size would have served the launches that were recorded. */
export interface ReplayResult {
  readonly launches: number
  readonly hits: number
  /** 1 when there were no launches. */
  readonly hitRate: number
  /** Machines that stood ready and unclaimed, times seconds: what the hits cost. */
  readonly idleMachineSeconds: number
}

export interface ReplayCosts {
  readonly launchCostMs: number
  readonly concurrency: number
}

/**
 * Runs recorded launch times (milliseconds, in order) against a pool of `scale` that is full when the record begins.
 * Refill begins below `min` and fills up to `max`, `concurrency` entries at a time, as the real one does.
 */
export function replayArrivals(arrivalsMs: readonly number[], scale: Scale, costs: ReplayCosts): ReplayResult {
  let ready = scale.max
  let hits = 0
  let idleMs = 0
  let nowMs = arrivalsMs[0] ?? 0
  /** When each entry that is being made will be ready, earliest first. */
  let making: number[] = []
  let wanted = 0

  const begin = () => {
    if (ready + making.length < scale.min) wanted = scale.max - ready - making.length
    while (wanted > 0 && making.length < costs.concurrency) {
      making.push(nowMs + costs.launchCostMs)
      wanted -= 1
    }
  }
  const advance = (untilMs: number) => {
    while (making[0] !== undefined && making[0] <= untilMs) {
      const atMs = making[0]
      making = making.slice(1)
      idleMs += ready * (atMs - nowMs)
      nowMs = atMs
      ready += 1
      begin()
    }
    idleMs += ready * (untilMs - nowMs)
    nowMs = untilMs
  }

  for (const atMs of arrivalsMs) {
    advance(atMs)
    if (ready > 0) {
      ready -= 1
      hits += 1
    }
    begin()
  }
  const launches = arrivalsMs.length
  return { launches, hits, hitRate: launches === 0 ? 1 : hits / launches, idleMachineSeconds: idleMs / 1000 }
}
