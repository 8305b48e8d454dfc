import { writeFile } from 'node:fs/promises'
import type { Hearth, Machine } from '@hearth/sdk'
import { CliError } from '../../cli-error.ts'
import type { Context } from '../../context.ts'
import { withProgress } from '../../output/progress.ts'
import { duration } from '../../output/units.ts'
import { type CloneFacts, describeClone } from './clone.ts'
import type { DemoResult } from './demo-result.ts'
import { demoText } from './demo-text.ts'
import { prove } from './proofs.ts'
import { type DemoRecipe, recipeFor } from './recipe.ts'

export interface DemoOptions {
  /** The image source; absent: the Debian template of the demo. */
  readonly template?: string | undefined
  /** How many clones. */
  readonly forks: number
  /** Where the data is written too. */
  readonly jsonFile?: string | undefined
}

const restores = 5
const scriptsAtOnce = 2

/** Builds, boots, snapshots, restores and forks a real machine. Resolves to the exit code: 0 only when every proof held. */
export async function runDemo(context: Context, options: DemoOptions): Promise<number> {
  const hearth = await context.connect({ sockets: true })
  const started: Machine[] = []
  try {
    const result = await demo(context, hearth, recipeFor(options.template), options.forks, started)
    if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(result, null, 2)}\n`)
    context.print(result, () => demoText(result))
    return result.proofs.every(({ holds }) => holds) ? 0 : 1
  } finally {
    // Also after Ctrl-C: what the demo started is the demo's to end.
    await Promise.all(started.map((machine) => machine.remove()))
  }
}

async function demo(
  context: Context,
  hearth: Hearth,
  recipe: DemoRecipe,
  forks: number,
  started: Machine[],
): Promise<DemoResult> {
  const { signal } = context
  const template = await build(context, hearth, recipe)
  const launch = async (boot: 'cold' | 'restored') => {
    const began = performance.now()
    const machine = await hearth.launch(template, { boot, signal })
    started.push(machine)
    return { machine, tookMs: performance.now() - began }
  }

  const cold = await withProgress(context, 'booting it cold', () => launch('cold'))
  context.say(`cold boot until its service is ready: ${duration(cold.tookMs)}`)
  await cold.machine.remove()

  const restoreMs: number[] = []
  for (let round = 0; round < restores; round++) {
    const { machine, tookMs } = await launch('restored')
    restoreMs.push(tookMs)
    if (round < restores - 1) await machine.remove()
  }
  context.say(`restored on demand: ${restoreMs.map(duration).join(', ')}`)

  const source = started.at(-1)
  if (!source) throw new CliError('no machine was restored')
  const forked = await withProgress(context, `forking it ${forks} times`, () => source.fork(forks, { signal }))
  const clones = forked.clones.map((clone) => {
    if ('ref' in clone) return clone
    throw new CliError(`a clone failed: ${clone.detail ?? clone.title}`)
  })
  started.push(...clones)
  const { pauseMs = Number.NaN } = await hearth.snapshots.get(forked.snapshotId, { signal })
  context.say(`forked ${clones.length} clones; the source stood still for ${duration(pauseMs)}`)

  const facts = await withProgress(context, 'asking each clone who it is', () => describeAll(context, clones, recipe))
  return {
    template,
    coldMs: cold.tookMs,
    restoreMs,
    forkMs: clones.map(({ data }) => data.boot?.totalMs ?? Number.NaN),
    pauseMs,
    anonMiB: facts.map(({ anonMiB }) => anonMiB),
    clones: facts,
    proofs: prove(facts, clones),
  }
}

async function build(context: Context, hearth: Hearth, recipe: DemoRecipe): Promise<string> {
  const { ref } = await withProgress(context, `building a template from ${recipe.source}`, (report) =>
    hearth.templates.build('demo', recipe.source, {
      resources: { memoryMiB: recipe.memoryMiB },
      start: [...recipe.start],
      ready: { port: recipe.port },
      signal: context.signal,
      onProgress: ({ step, share }) => report(step, share),
    }),
  )
  context.say(`template ${ref} is ready: its service runs in a snapshot that was restored once to prove it`)
  return ref
}

/** A few at a time: each script translates much guest code, and this host may have two processors. */
async function describeAll(context: Context, clones: readonly Machine[], recipe: DemoRecipe): Promise<CloneFacts[]> {
  const facts = new Map<string, CloneFacts>()
  const waiting = [...clones]
  const worker = async () => {
    for (let clone = waiting.shift(); clone; clone = waiting.shift())
      facts.set(clone.id, await describeClone(context, clone, recipe))
  }
  await Promise.all(Array.from({ length: scriptsAtOnce }, worker))
  return clones.flatMap(({ id }) => facts.get(id) ?? [])
}
