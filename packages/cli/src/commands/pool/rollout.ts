import type { Hearth, PoolResource, PoolRolloutResource } from '@hearth/sdk'
import { CliError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'
import { rolloutText } from '../../output/pool-text.ts'
import { withProgress } from '../../output/progress.ts'

export interface RolloutOptions {
  readonly canaries?: number | undefined
  readonly deadline?: number | undefined
  readonly probation?: number | undefined
  readonly wait?: true | undefined
}

const isOver = ({ state }: PoolRolloutResource) => state !== 'canary' && state !== 'probation'

/** `hearth pool rollout start NAME VERSION`: with --wait until it has ended; fails unless the version took over. */
export async function rolloutStart(context: Context, name: string, version: number, options: RolloutOptions): Promise<void> {
  const { canaries, deadline, probation } = options
  const { signal } = context
  const hearth = await context.connect()
  const request = {
    ...(canaries !== undefined && { canaries }),
    ...(deadline !== undefined && { deadlineMs: deadline }),
    ...(probation !== undefined && { probationMs: probation }),
    signal,
  }
  const after = await lastEvent(hearth, signal)
  const begun = await hearth.pools.startRollout(name, version, request)
  const rollout = options.wait
    ? await withProgress(context, `rolling out ${begun.template}@${version} to pool ${name}`, () =>
        ended(context, hearth, name, after),
      )
    : await hearth.pools.rollout(name, { signal })
  context.print(rollout, () => rolloutText(rollout))
  if (isOver(rollout) && rollout.state !== 'done') {
    throw new CliError(`version ${version} did not take over in pool ${name}: ${rollout.reason ?? rollout.state}`, {
      hint: 'The pool is made of what it was made of before. Mend the template, build it again, and roll out the new version.',
    })
  }
}

/** `hearth pool rollout status NAME` */
export async function rolloutStatus(context: Context, name: string): Promise<void> {
  const { pools } = await context.connect()
  const rollout = await pools.rollout(name, { signal: context.signal })
  context.print(rollout, () => rolloutText(rollout))
}

/** `hearth pool rollout abort NAME` */
export async function rolloutAbort(context: Context, name: string): Promise<void> {
  const { pools } = await context.connect()
  const pool: PoolResource = await pools.abortRollout(name, { signal: context.signal })
  const { rollout } = pool
  context.print(pool, () => (rollout ? rolloutText(rollout) : pool.name))
}

/** Nothing that happens behind it is missed. */
async function lastEvent(hearth: Hearth, signal: AbortSignal): Promise<number> {
  let last = 0
  for await (const { seq } of hearth.events({ after: 0, until: 'now', kind: ['pool'], signal })) last = seq
  return last
}

/** Every state of a rollout is an event of its pool. */
async function ended(context: Context, hearth: Hearth, name: string, after: number): Promise<PoolRolloutResource> {
  const { signal } = context
  const now = await hearth.pools.rollout(name, { signal })
  if (isOver(now)) return now
  for await (const { id } of hearth.events({ after, kind: ['pool'], signal, onGap: () => undefined })) {
    if (id !== name) continue
    const rollout = await hearth.pools.rollout(name, { signal })
    if (isOver(rollout)) return rollout
  }
  throw new CliError(`the server ended before the rollout to pool ${name} did`)
}
