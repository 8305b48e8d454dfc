import { Machine, type Problem } from '@hearth/sdk'
import { CliError } from '../cli-error.ts'
import type { Context } from '../context.ts'
import { parsePairs, parseVariables } from '../input/pairs.ts'
import { machineTable } from '../output/machine-text.ts'
import { withProgress } from '../output/progress.ts'

export interface ForkOptions {
  readonly name?: string | undefined
  readonly env?: readonly string[] | undefined
  readonly label?: readonly string[] | undefined
  /** Milliseconds. */
  readonly timeout?: number | undefined
}

/** `hearth fork MACHINE N` */
export async function fork(context: Context, ref: string, count: number, options: ForkOptions): Promise<void> {
  const request = {
    ...(options.name === undefined ? {} : { name: options.name }),
    env: parseVariables('--env', options.env, context.env),
    labels: parsePairs('--label', options.label),
    ...(options.timeout === undefined ? {} : { lifeTimeMs: options.timeout }),
    signal: context.signal,
  }
  const hearth = await context.connect()
  const { snapshotId, clones } = await withProgress(context, `forking ${ref}`, () =>
    hearth.machines.ref(ref).fork(count, request),
  )
  const machines = clones.filter((clone) => clone instanceof Machine).map((machine) => machine.data)
  const problems = clones.filter((clone): clone is Problem => !(clone instanceof Machine))
  const data = {
    snapshotId,
    results: clones.map((clone) => (clone instanceof Machine ? { machine: clone.data } : { error: clone })),
  }
  context.print(data, () => machineTable(machines, context.now()))
  for (const problem of problems) context.say(`a clone failed: ${problem.detail}`)
  if (problems.length > 0) {
    throw new CliError(`${problems.length} of ${count} clones failed`, { hint: 'The others are there: see "hearth ls".' })
  }
}
