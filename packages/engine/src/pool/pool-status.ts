import type { Pool } from '@hearth/model'
import type { PoolStatus, PoolVersion, RefillState } from './engine-pools.ts'
import type { PoolRuntime } from './pool-runtime.ts'
import { noCounters } from './pool-stats.ts'

/** How a pool stands; `runtime` is its part on this host. */
export function statusOf(pool: Pool, runtime: PoolRuntime | undefined, now: number): PoolStatus {
  const { min, max } = pool.settings
  if (!runtime) {
    const refill = pool.state === 'draining' ? 'draining' : 'elsewhere'
    return { pool, refill, depth: 0, making: 0, target: 0, scale: { min, max }, versions: [], counters: noCounters }
  }
  const { reason, ready, making } = runtime
  const { lastFailure } = runtime.stats
  const { scale } = runtime.scaler
  const [oldest] = ready
  return {
    pool,
    refill: refillOf(runtime),
    ...(reason !== undefined && { reason }),
    ...(lastFailure && { lastFailure }),
    depth: ready.length,
    making,
    target: scale.max,
    scale,
    versions: versionsOf(runtime),
    ...(oldest && { oldestAgeMs: Math.max(0, now - oldest.readyAt) }),
    counters: runtime.stats.read(),
  }
}

function versionsOf({ ready, stats }: PoolRuntime): PoolVersion[] {
  const { hitsByVersion } = stats
  const all = new Set([...hitsByVersion.keys(), ...ready.map((each) => each.template.version)])
  return [...all]
    .sort((a, b) => a - b)
    .map((version) => ({
      version,
      ready: ready.filter((each) => each.template.version === version).length,
      hits: hitsByVersion.get(version) ?? 0,
    }))
}

function refillOf(runtime: PoolRuntime): RefillState {
  if (runtime.hostFull) return 'host_full'
  if (runtime.notProgressing !== undefined) return 'not_progressing'
  if (!runtime.started) return 'waiting_for_first_launch'
  return runtime.making > 0 ? 'filling' : 'idle'
}
