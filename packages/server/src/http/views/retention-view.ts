import type { Removal, RetentionReport as Report } from '@hearth/engine'
import type { RetentionReport } from '@hearth/protocol'
import { timeView } from './time-view.ts'

/** What the cleaner did, as the API shows it. */
export function retentionView(report: Report): RetentionReport {
  const { dryRun, startedAt, tookMs, removed, failed, freedBytes, stillOver, forgotten } = report
  return {
    dryRun,
    startedAt: timeView(startedAt),
    tookMs,
    removed: removed.map(removalView),
    failed: failed.map((one) => ({ ...removalView(one), failure: one.failure })),
    freedBytes,
    stillOver: [...stillOver],
    ...(forgotten !== undefined && { forgotten: { ...forgotten } }),
  }
}

function removalView({ snapshot, namespace, reason, tag, createdAt, sizeBytes }: Removal): RetentionReport['removed'][number] {
  return { snapshot, namespace, reason, ...(tag !== undefined && { tag }), createdAt: timeView(createdAt), sizeBytes }
}
