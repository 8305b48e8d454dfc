import type { Pool } from '@hearth/model'
import type { PoolStatus, RefillState } from './engine-pools.ts'
import type { PoolRuntime } from './pool-runtime.ts'
import { PoolStats } from './pool-stats.ts'

/** How a pool stands; `runtime` is its part on this host. */
export function statusOf(pool: Pool, runtime: PoolRuntime | undefined, now: number): PoolStatus {
  if (!runtime) {
    const refill = pool.state === 'draining' ? 'draining' : 'elsewhere'
    return { pool, refill, depth: 0, making: 0, target: 0, counters: new PoolStats().read() }
  }
  const oldest = runtime.ready[0]
  const reason = runtime.notProgressing ?? runtime.lastFailure
  return {
    pool,
    refill: refillOf(runtime),
    ...(reason !== undefined && { reason }),
    depth: runtime.ready.length,
    making: runtime.making,
    target: pool.settings.max,
    ...(oldest && { oldestAgeMs: Math.max(0, now - oldest.readyAt) }),
    counters: runtime.stats.read(),
  }
}

function refillOf(runtime: PoolRuntime): RefillState {
  if (runtime.hostFull) return 'host_full'
  if (runtime.notProgressing !== undefined) return 'not_progressing'
  if (!runtime.started) return 'waiting_for_first_launch'
  return runtime.making > 0 ? 'filling' : 'idle'
}
