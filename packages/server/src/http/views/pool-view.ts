import type { PoolStatus } from '@hearth/engine'
import type { PoolRollout, PoolSettings } from '@hearth/model'
import type { PoolResource, PoolRolloutResource, PoolSettingsResource, PoolStats } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** A pool as the API shows it. */
export function poolView(status: PoolStatus): PoolResource {
  const { name, template, version, driver, resources, settings, state, rollout, createdAt, rev } = status.pool
  return {
    name,
    template,
    version,
    driver,
    resources,
    settings: settingsView(settings),
    state,
    ...(rollout && { rollout: rolloutView(rollout) }),
    stats: poolStatsView(status),
    createdAt: timeView(createdAt),
    rev,
  }
}

/** How a pool stands, as the API shows it. */
export function poolStatsView(status: PoolStatus): PoolStats {
  const { pool, refill, reason, lastFailure, depth, making, target, scale, versions, oldestAgeMs, counters } = status
  const misses = Object.values(counters.misses).reduce((sum, count) => sum + count, 0)
  const wanted = counters.hits + misses
  return {
    name: pool.name,
    refill,
    ...(reason !== undefined && { reason }),
    ...(lastFailure && { lastFailure: { ...lastFailure, at: timeView(lastFailure.at) } }),
    depth,
    making,
    target,
    scale: { min: scale.min, max: scale.max },
    versions: versions.map((each) => ({ ...each })),
    ...(oldestAgeMs !== undefined && { oldestAgeMs: Math.round(oldestAgeMs) }),
    ...(wanted > 0 && { hitRatio: counters.hits / wanted }),
    counters: { ...counters, misses: { ...counters.misses } },
  }
}

/** A rollout as the API shows it. */
export function rolloutView(rollout: PoolRollout): PoolRolloutResource {
  const { startedAt, deadlineAt, probationUntil, endedAt, ...rest } = rollout
  return {
    ...rest,
    startedAt: timeView(startedAt),
    deadlineAt: timeView(deadlineAt),
    ...(probationUntil !== undefined && { probationUntil: timeView(probationUntil) }),
    ...(endedAt !== undefined && { endedAt: timeView(endedAt) }),
  }
}

function settingsView({ validators, ...rest }: PoolSettings): PoolSettingsResource {
  const shown = validators.map((each) => (each.kind === 'command' ? { ...each, argv: [...each.argv] } : { ...each }))
  return { ...rest, validators: shown }
}
