import type { EngineOptions } from '@hearth/engine'
import { poolDefaults } from '@hearth/model'
import type { Config } from './settings.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** What the settings say to the engine. */
export function engineOptions(config: Config): Partial<EngineOptions> {
  return {
    auditKeptMs: config.auditDays * dayMs,
    eventsKeptMs: config.eventsDays * dayMs,
    endedRowsKeptMs: config.endedMachinesDays * dayMs,
    failedSnapshotsKeptMs: config.endedMachinesDays * dayMs,
    cleanerIntervalMs: config.cleanerMinutes * minuteMs,
    scrubAfterMs: config.scrubDays * dayMs,
    poolLeaseMs: config.leaseSecs * 1000,
    poolTendIntervalMs: (config.leaseSecs * 1000) / 3,
    largestPool: config.largestPool,
    poolDefaults: {
      ...poolDefaults,
      min: Math.min(poolDefaults.min, config.poolSize),
      max: config.poolSize,
      snapshotMaxAgeMs: config.snapshotRefreshSecs * 1000,
    },
    drainBudgetMs: config.drainSecs * 1000,
    ...(config.hostMemoryMiB !== undefined && { hostMemoryMiB: config.hostMemoryMiB }),
  }
}
