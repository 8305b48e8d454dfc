import type { RetentionReport } from '@hearth/sdk'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../output/progress.ts'
import { table } from '../output/table.ts'
import { age, size } from '../output/units.ts'

/** `hearth snapshot clean`: runs the cleaner now, in all namespaces. */
export async function snapshotClean(context: Context, dryRun: boolean): Promise<void> {
  const hearth = await context.connect()
  const report = await withProgress(context, 'cleaning', () => hearth.system.clean({ dryRun, signal: context.signal }))
  context.print(report, () => reportText(report, context.now()))
  for (const namespace of report.stillOver) context.say(`${namespace} is still over its limit: the rest is pinned or in use`)
  if (report.failed.length > 0) {
    throw new CliError(`${report.failed.length} snapshots could not be removed: ${report.failed[0]?.failure ?? ''}`, {
      hint: 'See the log of the server; the cleaner tries again by itself.',
    })
  }
}

function reportText({ dryRun, removed, freedBytes }: RetentionReport, nowMs: number): string {
  const verb = dryRun ? 'would be removed' : 'removed'
  if (removed.length === 0) return `nothing ${dryRun ? 'would be removed' : 'to remove'}`
  const rows = removed.map((one) => [
    one.snapshot,
    one.namespace,
    one.reason,
    one.tag ?? '-',
    size(one.sizeBytes),
    age(one.createdAt, nowMs),
  ])
  const total = `${removed.length} ${verb}, ${size(freedBytes)}`
  return `${table(['ID', 'NAMESPACE', 'REASON', 'TAG', 'SIZE', 'AGE'], rows)}\n${total}`
}
