import { Option } from '@commander-js/extra-typings'
import { parseDurationMs, parseWholeNumber } from '../input/quantity.ts'
import { command, type Execute } from './command.ts'

const kinds = ['machine', 'snapshot', 'template', 'namespace', 'pool', 'cleaner'] as const

/** What looks on: `hearth events`, `top`. */
export function watchingCommands(execute: Execute) {
  return [
    command('events', 'Print what changed state; with --json one JSON object a line')
      .option('-f, --follow', 'from now on, until Ctrl-C')
      .option('--after <number>', 'what happened behind this event; 0: all that is kept', (text) =>
        parseWholeNumber(text, 0, Number.MAX_SAFE_INTEGER),
      )
      .addOption(new Option('--kind <kind...>', 'only those of these kinds').choices(kinds))
      .option('-A, --all-namespaces', 'of all namespaces, and of the server itself')
      .action((options) => execute(options, async (context) => (await import('../commands/events.ts')).events(context, options))),
    command('top', 'Show pools, live machines and what they use, until Ctrl-C; once where stdout is no terminal')
      .option('--interval <duration>', 'how often to look', parseDurationMs, 2000)
      .action((options) =>
        execute(options, async (context) => (await import('../commands/top/top.ts')).top(context, options.interval)),
      ),
  ]
}
