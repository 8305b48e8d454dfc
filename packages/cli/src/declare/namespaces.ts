import { collect } from '../input/pairs.ts'
import { parseBytes, parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, type Execute } from './command.ts'

const most = 100_000

/** `hearth namespace …`. */
export function namespaceCommands(execute: Execute) {
  const group = commandGroup('namespace', 'Keep the machines and snapshots of teams apart')
  group.addCommand(
    bounded('create', 'Make a namespace').action((name, options) =>
      execute(options, async (context) =>
        (await import('../commands/namespace-create.ts')).namespaceCreate(context, name, options),
      ),
    ),
  )
  group.addCommand(
    command('list', 'List namespaces').action((options) =>
      execute(options, async (context) => (await import('../commands/namespace-list.ts')).namespaceList(context)),
    ),
  )
  group.addCommand(
    command('show', 'Show a namespace and what it holds')
      .argument('<namespace>', 'its name')
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/namespace-show.ts')).namespaceShow(context, name)),
      ),
  )
  group.addCommand(
    bounded('set', 'Change the bounds and labels of a namespace')
      .option('--no-snapshot-bytes', 'no bound')
      .option('--no-keep-last', 'keep all')
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/namespace-set.ts')).namespaceSet(context, name, options)),
      ),
  )
  group.addCommand(
    command('rm', 'Remove empty namespaces')
      .argument('<namespace...>', 'names')
      .action((names, options) =>
        execute(options, async (context) => (await import('../commands/namespace-rm.ts')).namespaceRm(context, names)),
      ),
  )
  return group
}

function bounded(name: string, description: string) {
  return command(name, description)
    .argument('<namespace>', 'its name')
    .option('--label <NAME=VALUE>', 'free text by which to find it again', collect)
    .option('--snapshot-limit <number>', 'most snapshots it may hold', (text) => parseWholeNumber(text, 0, most))
    .option('--snapshot-bytes <size>', 'most bytes its snapshots may take, such as 500GiB', parseBytes)
    .option('--keep-last <number>', 'the cleaner keeps so many of the newest of each machine', (text) =>
      parseWholeNumber(text, 1, most),
    )
}
