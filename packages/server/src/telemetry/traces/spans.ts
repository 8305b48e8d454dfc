import type { EngineMeter } from '@hearth/model'

type Launched = Parameters<EngineMeter['launched']>[0]
type LaunchFailed = Parameters<EngineMeter['launchFailed']>[0]
type SnapshotEnded = Parameters<EngineMeter['snapshotEnded']>[0]

/** A stretch of time with a name, and what lies within it. Wall clock in milliseconds, with fractions. */
export interface TimedSpan {
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** Present when it failed: the error's code. */
  readonly failure?: string
  readonly children: readonly TimedSpan[]
}

/** A launch, with its phases one after another. */
export function launchSpan({ machine, driver, template, startedAt, boot }: Launched): TimedSpan {
  let at = startedAt
  const children = Object.entries(boot.phasesMs).map(([phase, tookMs]) => {
    const startMs = at
    at += tookMs
    return { name: `launch.${phase}`, startMs, endMs: at, attributes: {}, children: [] }
  })
  return {
    name: 'launch',
    startMs: startedAt,
    endMs: startedAt + boot.totalMs,
    attributes: {
      'hearth.machine': machine,
      'hearth.driver': driver,
      'hearth.template': template,
      'hearth.boot.method': boot.method,
      'hearth.boot.reasons': boot.reasons.map(({ code }) => code).join(','),
      'hearth.boot.pool_hit': boot.poolHit,
      ...(boot.snapshotId && { 'hearth.snapshot': boot.snapshotId }),
    },
    children,
  }
}

/** A launch that has failed just now. */
export function failedLaunchSpan({ driver, code, tookMs }: LaunchFailed, nowMs: number): TimedSpan {
  const attributes = { 'hearth.driver': driver, 'hearth.error': code }
  return { name: 'launch', startMs: nowMs - tookMs, endMs: nowMs, attributes, failure: code, children: [] }
}

/** A snapshot that has ended just now. */
export function snapshotSpan({ kind, driver, outcome, tookMs, pauseMs, sizeBytes }: SnapshotEnded, nowMs: number): TimedSpan {
  return {
    name: 'snapshot',
    startMs: nowMs - tookMs,
    endMs: nowMs,
    attributes: {
      'hearth.driver': driver,
      'hearth.snapshot.kind': kind,
      ...(pauseMs !== undefined && { 'hearth.snapshot.pause_ms': pauseMs }),
      ...(sizeBytes !== undefined && { 'hearth.snapshot.size_bytes': sizeBytes }),
    },
    ...(outcome === 'failed' && { failure: outcome }),
    children: [],
  }
}
