import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { parseBytes, parseDurationMs, parseMebibytes, parseWholeNumber } from '../input/quantity.ts'
import { command, type Execute } from './command.ts'

const machine = ['<machine>', 'its id or name'] as const

/** `hearth launch`, `ls`, `show`, `pause`, `resume`, `rm`, `fork`, `receipt`, `stats`, `logs`. */
export function machineCommands(execute: Execute) {
  return [
    launchCommand(execute),
    command('ls', 'List machines')
      .option('-a, --all', 'also those that have ended')
      .action((options) =>
        execute(options, async (context) => (await import('../commands/ls.ts')).ls(context, options.all ?? false)),
      ),
    command('show', 'Show everything about a machine')
      .argument(...machine)
      .action((ref, options) => execute(options, async (context) => (await import('../commands/show.ts')).show(context, ref))),
    command('pause', 'Stop the processors of machines; their memory stays')
      .argument('<machine...>', 'ids or names')
      .action((refs, options) =>
        execute(options, async (context) => (await import('../commands/pause-resume.ts')).pause(context, refs)),
      ),
    command('resume', 'Let paused machines go on, with their clocks set right')
      .argument('<machine...>', 'ids or names')
      .action((refs, options) =>
        execute(options, async (context) => (await import('../commands/pause-resume.ts')).resume(context, refs)),
      ),
    command('rm', 'End machines and remove every trace of them')
      .argument('[machine...]', 'ids or names')
      .option('--all', 'all machines')
      .action((refs, options) =>
        execute(options, async (context) => (await import('../commands/rm.ts')).rm(context, refs, options.all ?? false)),
      ),
    forkCommand(execute),
    command('receipt', 'Show the proof of what was personalised in a machine')
      .argument(...machine)
      .action((ref, options) =>
        execute(options, async (context) => (await import('../commands/receipt.ts')).receipt(context, ref)),
      ),
    command('stats', 'Show what a machine uses')
      .argument(...machine)
      .action((ref, options) => execute(options, async (context) => (await import('../commands/stats.ts')).stats(context, ref))),
    command('logs', "Print a machine's console")
      .argument(...machine)
      .option('-f, --follow', 'go on until the machine ends')
      .option('--tail <size>', 'how much of the end to print', parseBytes)
      .action((ref, options) =>
        execute(options, async (context) => (await import('../commands/logs.ts')).logs(context, ref, options)),
      ),
  ]
}

function launchCommand(execute: Execute) {
  return command('launch', 'Get a machine of a template')
    .argument('<template>', 'NAME or NAME@VERSION')
    .addOption(new Option('--boot <method>', 'demand one boot method').choices(['auto', 'restored', 'cold']).default('auto'))
    .option('--name <name>', 'a name of its own, unique among live machines')
    .option('--hostname <name>', "the machine's hostname")
    .option('-e, --env <NAME=VALUE>', 'an environment variable; NAME alone takes its value here', collect)
    .option('--secret <NAME=VALUE>', 'as --env, but never shown, logged or kept in a snapshot', collect)
    .option('--file <local:/path[:mode]>', 'put a local file into the machine (at most 128 KiB)', collect)
    .option('--label <NAME=VALUE>', 'free text by which to find it again', collect)
    .addOption(
      new Option('--egress <policy>', "the machine's network (default: the template's)").choices(['none', 'open', 'allow-list']),
    )
    .option('--vcpus <number>', "other than the template's means a cold boot", (text) => parseWholeNumber(text, 1, 32))
    .option('--memory <size>', 'such as 512MiB', parseMebibytes)
    .option('--disk <size>', "the machine's own disk, such as 4GiB", parseMebibytes)
    .option('--timeout <duration>', 'give up after, such as 90s', parseDurationMs)
    .action((template, options) =>
      execute(options, async (context) => (await import('../commands/launch.ts')).launch(context, template, options)),
    )
}

function forkCommand(execute: Execute) {
  return command('fork', 'Make clones of a machine as it is now')
    .argument(...machine)
    .argument('<number>', 'how many', (text) => parseWholeNumber(text, 1, 50))
    .option('--name <name>', 'call the clones NAME-1, NAME-2, …')
    .option('-e, --env <NAME=VALUE>', 'an environment variable for all clones', collect)
    .option('--label <NAME=VALUE>', 'free text by which to find them again', collect)
    .action((ref, count, options) =>
      execute(options, async (context) => (await import('../commands/fork.ts')).fork(context, ref, count, options)),
    )
}
