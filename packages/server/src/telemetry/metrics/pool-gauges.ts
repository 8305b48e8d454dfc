import type { PoolStatus } from '@hearth/engine'
import { bootReasons, type PoolHappening } from '@hearth/model'
import type { Instruments } from './instruments.ts'

const refillStates: readonly PoolStatus['refill'][] = [
  'idle',
  'filling',
  'waiting_for_first_launch',
  'not_progressing',
  'host_full',
  'draining',
  'elsewhere',
]

const happenings: readonly PoolHappening[] = [
  'adopted',
  'created',
  'create_failed',
  'claimed',
  'claim_failed',
  'evicted',
  'validation_failed',
  'refill_run',
]

/** Refreshes what stands in each pool; a pool that is gone has no series any more. */
export function poolGauges(metrics: Instruments, list: () => Promise<readonly PoolStatus[]>): () => Promise<void> {
  return async () => {
    const pools = await list()
    for (const gauge of [
      metrics.poolDepth,
      metrics.poolMaking,
      metrics.poolTarget,
      metrics.poolMin,
      metrics.poolOldestSeconds,
      metrics.poolRefill,
    ]) {
      gauge.reset()
    }
    for (const { pool, refill, depth, making, target, scale, oldestAgeMs } of pools) {
      const labels = { pool: pool.name }
      for (const state of refillStates) metrics.poolRefill.set({ ...labels, state }, state === refill ? 1 : 0)
      // The server that holds it tells the rest.
      if (refill === 'elsewhere') continue
      // A series that begins with its first event hides that from increase().
      for (const what of happenings) metrics.poolEvents.inc({ ...labels, what }, 0)
      for (const reason of bootReasons) metrics.poolMisses.inc({ ...labels, reason }, 0)
      metrics.poolDepth.set(labels, depth)
      metrics.poolMaking.set(labels, making)
      metrics.poolTarget.set(labels, target)
      metrics.poolMin.set(labels, pool.state === 'active' ? scale.min : 0)
      if (oldestAgeMs !== undefined) metrics.poolOldestSeconds.set(labels, oldestAgeMs / 1000)
    }
  }
}
