import type { VerifyResult } from '@hearth/sdk'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { withProgress } from '../output/progress.ts'

/** `hearth snapshot verify SNAPSHOT…` */
export async function snapshotVerify(context: Context, ids: readonly string[]): Promise<void> {
  const hearth = await context.connect()
  const results: VerifyResult[] = []
  await withProgress(context, 'verifying', async (report) => {
    for (const id of ids) {
      report(id)
      results.push(await hearth.snapshots.verify(id, { signal: context.signal }))
    }
  })
  context.print(results, () => results.map(({ id, ok, detail }) => `${id}  ${ok ? 'ok' : `damaged: ${detail ?? ''}`}`).join('\n'))
  const damaged = results.filter(({ ok }) => !ok).length
  if (damaged > 0) {
    throw new CliError(`${damaged} of ${ids.length} snapshots are damaged`, { hint: 'Remove them with "hearth snapshot rm".' })
  }
}
