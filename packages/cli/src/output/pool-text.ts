import type { PoolResource, PoolRolloutResource, PoolScalePlan, PoolStats } from '@hearth/sdk'
import { facts, table } from './table.ts'
import { duration } from './units.ts'

type Validator = PoolResource['settings']['validators'][number]

/** One line a pool. */
export function poolTable(pools: readonly PoolResource[]): string {
  const rows = pools.map(({ name, template, version, stats, rollout }) => [
    name,
    `${template}@${version}`,
    `${stats.depth}/${stats.target}`,
    String(stats.making),
    `${stats.scale.min}-${stats.scale.max}`,
    stats.refill,
    hitRatio(stats),
    stats.oldestAgeMs === undefined ? '-' : duration(stats.oldestAgeMs),
    rollout ? `@${rollout.version} ${rollout.state}` : '-',
  ])
  return table(['POOL', 'TEMPLATE', 'READY', 'MAKING', 'MIN-MAX', 'REFILL', 'HITS', 'OLDEST', 'ROLLOUT'], rows)
}

/** Everything about one pool. */
export function poolText(pool: PoolResource): string {
  const { settings, resources, rollout } = pool
  const { autoscale } = settings
  return facts([
    ['pool', pool.name],
    ['template', `${pool.template}@${pool.version}`],
    ['driver', pool.driver],
    ['resources', `${resources.vcpus} vCPU, ${resources.memoryMiB} MiB memory, ${resources.diskMiB} MiB disk`],
    ['state', pool.state],
    ['size', `min ${settings.min}, max ${settings.max}`],
    [
      'autoscale',
      autoscale ? `${percent(autoscale.targetHitRate)} hits with ${autoscale.smallest} to ${autoscale.largest}` : 'off',
    ],
    [
      'refill',
      `every ${duration(settings.refillIntervalMs)}, ${settings.concurrency} at once, ${settings.startsPerMinute} a minute`,
    ],
    ['max age', `${duration(settings.entryMaxAgeMs)}; of the snapshot ${duration(settings.snapshotMaxAgeMs)}`],
    ['stuck after', duration(settings.progressDeadlineMs)],
    ['validators', settings.validators.map(validatorText).join(', ') || 'none'],
    ['lazy', settings.lazy ? 'filled from the first launch on' : undefined],
    ['rollout', rollout && rolloutLine(rollout)],
    ['created', pool.createdAt],
    ...statsFacts(pool.stats),
  ])
}

/** How a pool stands, and what it has done. */
export function poolStatsText(stats: PoolStats): string {
  return facts([['pool', stats.name], ...statsFacts(stats)])
}

/** How far a rollout is. */
export function rolloutText(rollout: PoolRolloutResource): string {
  return facts([
    ['version', `${rollout.version}, in place of ${rollout.from}`],
    ['state', rollout.state],
    ['canaries', `${rollout.validated} of ${rollout.canaries} validated, ${rollout.failed} failed`],
    ['started', rollout.startedAt],
    ['deadline', rollout.deadlineAt],
    ['probation until', rollout.probationUntil],
    ['ended', rollout.endedAt],
    ['reason', rollout.reason],
  ])
}

/** What autoscale would do, beside what the pool does now. */
export function scalePlanText({ windowMs, demand, bounds, now, recommended }: PoolScalePlan): string {
  const row = (name: string, { min, max, hitRate, hits, launches, idleMachineSeconds }: PoolScalePlan['now']) => [
    name,
    String(min),
    String(max),
    `${percent(hitRate)} (${hits} of ${launches})`,
    String(Math.round(idleMachineSeconds)),
  ]
  const seen = `${now.launches} launches in ${duration(windowMs)}, ${demand.largestBurst} of them within one launch of ${duration(demand.launchCostMs)}`
  const wanted = `wanted: ${percent(bounds.targetHitRate)} hits with ${bounds.smallest} to ${bounds.largest} machines`
  const rows = [row('now', now), row('recommended', recommended)]
  return `${seen}\n${wanted}\n${table(['', 'MIN', 'MAX', 'HITS', 'IDLE MACHINE SECONDS'], rows)}`
}

function statsFacts(stats: PoolStats): [string, string | number | undefined][] {
  const { counters, versions, lastFailure } = stats
  const misses = Object.entries(counters.misses).map(([reason, count]) => `${count} ${reason}`)
  return [
    ['ready', `${stats.depth} of ${stats.target}, ${stats.making} on their way`],
    ['refill now', stats.reason === undefined ? stats.refill : `${stats.refill}: ${stats.reason}`],
    ['oldest', stats.oldestAgeMs === undefined ? undefined : duration(stats.oldestAgeMs)],
    ['hits', `${counters.hits} (${hitRatio(stats)})`],
    ['misses', misses.join(', ') || 'none'],
    ['made', `${counters.created}, ${counters.createFailed} failed, ${counters.adopted} taken over`],
    ['claimed', `${counters.claimed}, ${counters.claimFailures} failed`],
    ['evicted', counters.evicted],
    ['refill runs', counters.refillRuns],
    ['failed validations', counters.validationFailures],
    ['versions', versions.map(({ version, ready, hits }) => `@${version}: ${ready} ready, ${hits} hits`).join('; ')],
    ['last failure', lastFailure && `${lastFailure.at} (${lastFailure.stage}) ${lastFailure.reason}`],
  ]
}

function rolloutLine({ version, state, validated, canaries, reason }: PoolRolloutResource): string {
  return `@${version} ${state}, ${validated} of ${canaries} validated${reason === undefined ? '' : `: ${reason}`}`
}

function hitRatio({ hitRatio: ratio }: PoolStats): string {
  return ratio === undefined ? '-' : percent(ratio)
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

function validatorText(validator: Validator): string {
  switch (validator.kind) {
    case 'guest':
      return 'guest'
    case 'port':
      return `port:${validator.port}`
    case 'http':
      return `http:${validator.port}${validator.path}${validator.status === undefined ? '' : `=${validator.status}`}`
    case 'command':
      return `command:${validator.argv.join(' ')}`
    case 'custom':
      return `custom:${validator.name}`
  }
}
