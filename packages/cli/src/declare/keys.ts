import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { parseDurationMs, parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, type Execute } from './command.ts'

/** `hearth key …`. */
export function keyCommands(execute: Execute) {
  const group = commandGroup('key', 'Say who may do what over the network')
  group.addCommand(createCommand(execute))
  group.addCommand(
    command('list', 'List keys')
      .option('-a, --all', 'also those that are good no more')
      .action((options) =>
        execute(options, async (context) => (await import('../commands/key-list.ts')).keyList(context, options.all ?? false)),
      ),
  )
  group.addCommand(
    command('show', 'Show everything about a key but the key itself')
      .argument('[key]', 'its id (default: the key that is used)')
      .action((id, options) =>
        execute(options, async (context) => (await import('../commands/key-show.ts')).keyShow(context, id)),
      ),
  )
  group.addCommand(rotateCommand(execute))
  group.addCommand(
    command('rm', 'Revoke keys: from now on they open nothing')
      .argument('<key...>', 'ids')
      .action((ids, options) => execute(options, async (context) => (await import('../commands/key-rm.ts')).keyRm(context, ids))),
  )
  return group
}

/** `hearth audit`. */
export function auditCommand(execute: Execute) {
  return command('audit', 'List requests that could change something, newest first')
    .option('--limit <number>', 'how many', (text) => parseWholeNumber(text, 1, 1_000_000), 100)
    .action((options) =>
      execute(options, async (context) => (await import('../commands/audit.ts')).audit(context, options.limit)),
    )
}

function createCommand(execute: Execute) {
  return command('create', 'Make a key and print it; it is shown this once')
    .argument('<name>', 'what it is for')
    .addOption(
      new Option('--scope <scope>', 'what it may do; each includes those before it')
        .choices(['read', 'use', 'admin'])
        .default('use'),
    )
    .option('--in <namespace>', 'where it is good; may be given several times (default: --namespace)', collect)
    .addOption(new Option('--everywhere', 'good in all namespaces, and for what belongs to none').conflicts('in'))
    .option('--ttl <duration>', 'until it expires, such as 90d (default: it does not)', parseDurationMs)
    .option('--requests-per-minute <number>', "its limit (default: the server's)", (text) =>
      parseWholeNumber(text, 1, 10_000_000),
    )
    .addOption(
      new Option('--format <format>', 'how it begins; clients of E2B insist on e2b_')
        .choices(['hearth', 'e2b'])
        .default('hearth'),
    )
    .action((name, options) =>
      execute(options, async (context) => (await import('../commands/key-create.ts')).keyCreate(context, name, options)),
    )
}

function rotateCommand(execute: Execute) {
  return command('rotate', 'Make a key in the place of another, and print it; it is shown this once')
    .argument('<key>', 'the id of the old one')
    .option('--grace <duration>', 'how long the old one is still good', parseDurationMs, 86_400_000)
    .option('--now', 'the old one is good no more')
    .action((id, options) =>
      execute(options, async (context) =>
        (await import('../commands/key-rotate.ts')).keyRotate(context, id, options.now ? 0 : options.grace),
      ),
    )
}
