import type { RootCommand } from '@bomb.sh/tab'
import type { Hearth } from '@hearth/sdk'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { bashWords } from './bash-words.ts'

type Names = readonly { readonly value: string; readonly about: string }[]

/** What each kind of argument (and the option of that name) can be. */
const sources: Readonly<Record<string, (hearth: Hearth, signal: AbortSignal) => Promise<Names>>> = {
  machine: async (hearth, signal) =>
    (await hearth.machines.list({ limit: mostNames, signal }).page()).items.map(({ data }) => ({
      value: data.name ?? data.id,
      about: `${data.state} ${data.template}`,
    })),
  template: async (hearth, signal) =>
    (await hearth.templates.list({ signal })).flatMap(({ ref, name, source }) => [
      { value: name, about: `newest, ${source}` },
      { value: ref, about: source },
    ]),
  snapshot: async (hearth, signal) =>
    (await hearth.snapshots.list({ limit: mostNames, signal }).page()).items.map(({ id, template, tag }) => ({
      value: id,
      about: tag ?? template,
    })),
  namespace: async (hearth, signal) =>
    (await hearth.namespaces.list({ signal })).map(({ name, snapshotLimit }) => ({
      value: name,
      about: `up to ${snapshotLimit} snapshots`,
    })),
  pool: async (hearth, signal) =>
    (await hearth.pools.list({ signal })).map(({ name, stats }) => ({
      value: name,
      about: `${stats.depth} ready, ${stats.refill}`,
    })),
  key: async (hearth, signal) =>
    (await hearth.keys.list({ signal })).map(({ id, name, scope }) => ({ value: id, about: `${name}, ${scope}` })),
  tag: async (hearth, signal) =>
    (await hearth.snapshots.list({ limit: mostNames, signal }).page()).items.flatMap(({ id, tag }) =>
      tag === undefined ? [] : [{ value: tag, about: id }],
    ),
}

/** Nobody chooses among more. */
const mostNames = 200

/** Whoever presses Tab waits no longer. */
const patienceMs = 1000

/**
 * Adds `completion SHELL`, which prints the script for a shell, and the hidden `complete`, which that script calls.
 * Names come from the server when one runs; pressing Tab never starts one.
 */
export async function addCompletion(program: Command, words: readonly string[], context: Context): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander')
  const root = tab(program, { completionCommandName: 'completion' })
  if (words[0] === 'complete') await offerNames(root, words.slice(2), context)
  if (words[0] === 'completion' && words[1] === 'bash') process.stdout.write(bashWords)
}

async function offerNames(root: RootCommand, typed: readonly string[], context: Context): Promise<void> {
  const command = root.commands.get(typed.slice(0, 2).join(' ')) ?? root.commands.get(typed[0] ?? '')
  if (!command) return
  // Only what is being typed: each source is a question to the server.
  const before = typed.at(-2) ?? ''
  const option = [...command.options.values()].find(({ value, alias }) => before === `--${value}` || before === `-${alias}`)
  for (const taker of option ? [option] : command.arguments.values()) {
    const source = sourceFor('name' in taker ? taker.name : taker.value, typed[0])
    if (!source) continue
    const names = await namesFrom(source, context)
    taker.handler = (complete) => {
      for (const { value, about } of new Map(names.map((name) => [name.value, name])).values()) complete(value, about)
    }
  }
}

/** Options that are called otherwise than what they name. */
const otherNames: Readonly<Record<string, string>> = { to: 'namespace', in: 'namespace', parent: 'snapshot' }

function sourceFor(name: string, noun: string | undefined): (typeof sources)[string] | undefined {
  // The tag of a program is another thing, and known to no list.
  if (name === 'tag' && noun !== 'snapshot') return undefined
  return sources[otherNames[name] ?? name]
}

/** None when the server does not run or does not answer: a message would land in the middle of the line being typed. */
async function namesFrom(source: (hearth: Hearth, signal: AbortSignal) => Promise<Names>, context: Context): Promise<Names> {
  try {
    const hearth = await context.connectIfRunning()
    return hearth ? await source(hearth, AbortSignal.any([context.signal, AbortSignal.timeout(patienceMs)])) : []
  } catch (error) {
    context.log.debug('completion.failed', { error: String(error) })
    return []
  }
}
