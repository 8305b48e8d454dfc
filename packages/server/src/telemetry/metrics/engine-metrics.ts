import type { Clock, EngineMeter } from '@hearth/model'
import type { Instruments } from './instruments.ts'
import { codeLabel, driverErrorLabel, phaseLabel, reasonLabel } from './label-values.ts'

/** What the engine tells, as counters and histograms. */
export function engineMetrics(metrics: Instruments, clock: Pick<Clock, 'now'>): EngineMeter {
  return {
    launched({ driver, boot }) {
      const { method } = boot
      metrics.launches.inc({ driver, method, reason: reasonLabel(boot.reasons) })
      metrics.launchSeconds.observe({ driver, method }, seconds(boot.totalMs))
      for (const [phase, tookMs] of Object.entries(boot.phasesMs)) {
        metrics.phaseSeconds.observe({ method, phase: phaseLabel(phase) }, seconds(tookMs))
      }
    },
    launchFailed({ driver, code }) {
      metrics.launchFailures.inc({ driver, code: codeLabel(code) })
    },
    snapshotEnded({ driver, kind, outcome, tookMs, pauseMs, sizeBytes }) {
      metrics.snapshotsTaken.inc({ driver, kind, outcome })
      if (outcome === 'failed') return
      metrics.snapshotSeconds.observe({ driver, kind }, seconds(tookMs))
      if (pauseMs !== undefined) metrics.snapshotPauseSeconds.observe({ driver, kind }, seconds(pauseMs))
      if (sizeBytes !== undefined) metrics.snapshotBytes.inc({ driver, kind }, sizeBytes)
    },
    driverFailed({ driver, operation, kind }) {
      metrics.driverErrors.inc({ driver, operation, kind: driverErrorLabel(kind) })
    },
    cleanerRan({ outcome, removed, freedBytes, tookMs }) {
      metrics.cleanerRuns.inc({ outcome })
      metrics.cleanerRemoved.inc(removed)
      metrics.cleanerFreedBytes.inc(freedBytes)
      metrics.cleanerSeconds.set(seconds(tookMs))
      if (outcome === 'ok') metrics.cleanerSuccess.set(seconds(clock.now()))
    },
    reconcileRan({ outcome, changed, tookMs }) {
      metrics.reconcileRuns.inc({ outcome })
      metrics.reconcileChanges.inc(changed)
      metrics.reconcileSeconds.set(seconds(tookMs))
    },
    pooled({ pool, what, reason }) {
      if (what === 'missed') metrics.poolMisses.inc({ pool, reason: reason ?? 'none' })
      else metrics.poolEvents.inc({ pool, what })
    },
    scrubbed({ outcome, bytes }) {
      metrics.scrubs.inc({ outcome })
      metrics.scrubbedBytes.inc(bytes)
    },
  }
}

function seconds(ms: number): number {
  return ms / 1000
}
