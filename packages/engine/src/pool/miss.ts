import type { BootReason, Pool } from '@hearth/model'
import type { PoolStats } from './pool-stats.ts'

/** Why a pool has nothing to give. */
export interface Miss {
  readonly code: BootReason
  readonly detail: string
}

/** A pool that was asked in vain. */
interface Asked {
  readonly pool: Pool
  readonly making: number
  readonly hostFull: boolean
  readonly notProgressing: string | undefined
  readonly reason: string | undefined
  readonly stats: PoolStats
}

/** What to say of a pool that was asked and has nothing that fits. */
export function missOf(runtime: Asked): Miss {
  const { name } = runtime.pool
  if (runtime.hostFull) return { code: 'host_memory', detail: `the host has no memory for more machines of pool ${name}` }
  const stuck = runtime.notProgressing
  if (stuck !== undefined) return { code: 'pool_not_ready', detail: `pool ${name} makes no progress: ${stuck}` }
  const why = runtime.reason === undefined ? '' : `; the last one failed: ${runtime.reason}`
  const { created, adopted } = runtime.stats.read()
  if (created + adopted === 0) return { code: 'pool_not_ready', detail: `pool ${name} has not made a machine yet${why}` }
  return { code: 'pool_empty', detail: `pool ${name} has none ready; ${runtime.making} are on their way${why}` }
}
