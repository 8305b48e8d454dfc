import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { parseBytes, parseDurationMs, parseMebibytes, parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, type Execute } from './command.ts'
import { machineGiver } from './launch-flags.ts'

const states = ['starting', 'running', 'paused', 'stopping', 'stopped', 'failed', 'lost'] as const
const machine = ['<machine>', 'its id or name'] as const

/** `hearth launch`, `ls`, `show`, `pause`, `resume`, `rm`, `fork`, `extend`, `receipt`, `stats`, `logs`. */
export function machineCommands(execute: Execute) {
  return [
    launchCommand(execute),
    listCommand(execute),
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
    command('extend', 'Give a machine so much time from now on, more or less than it had')
      .argument(...machine)
      .argument('<duration>', 'such as 2h', parseDurationMs)
      .action((ref, lifeTimeMs, options) =>
        execute(options, async (context) => (await import('../commands/extend.ts')).extend(context, ref, lifeTimeMs)),
      ),
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
  return machineGiver('launch', 'Get a machine of a template', '<template>', 'NAME or NAME@VERSION')
    .addOption(
      new Option('--boot <method>', 'demand one boot method').choices(['auto', 'warm', 'restored', 'cold']).default('auto'),
    )
    .option('--vcpus <number>', "other than the template's means a cold boot", (text) => parseWholeNumber(text, 1, 32))
    .option('--memory <size>', 'such as 512MiB', parseMebibytes)
    .option('--disk <size>', "the machine's own disk, such as 4GiB", parseMebibytes)
    .option('--give-up <duration>', 'wait no longer for the machine, such as 90s', parseDurationMs)
    .action((template, options) =>
      execute(options, async (context) => (await import('../commands/launch.ts')).launch(context, template, options)),
    )
}

function listCommand(execute: Execute) {
  return command('ls', 'List machines, newest first')
    .alias('list')
    .option('-a, --all', 'also those that have ended')
    .addOption(new Option('--state <state...>', 'only those in these states').choices(states))
    .option('--template <template>', 'only those of this template')
    .option('--label <NAME=VALUE>', 'only those with this label', collect)
    .option('--limit <number>', 'at most so many', (text) => parseWholeNumber(text, 1, 1_000_000))
    .action((options) => execute(options, async (context) => (await import('../commands/ls.ts')).ls(context, options)))
}

function forkCommand(execute: Execute) {
  return command('fork', 'Make clones of a machine as it is now')
    .argument(...machine)
    .argument('<number>', 'how many', (text) => parseWholeNumber(text, 1, 50))
    .option('--name <name>', 'call the clones NAME-1, NAME-2, …')
    .option('-e, --env <NAME=VALUE>', 'an environment variable for all clones', collect)
    .option('--label <NAME=VALUE>', 'free text by which to find them again', collect)
    .option('--timeout <duration>', 'how long the clones may live (default: for ever)', parseDurationMs)
    .action((ref, count, options) =>
      execute(options, async (context) => (await import('../commands/fork.ts')).fork(context, ref, count, options)),
    )
}

/** `hearth machine …`: the same verbs, behind their noun. */
export function machineGroup(execute: Execute) {
  const group = commandGroup('machine', 'The same, noun first: hearth machine list is hearth ls')
  for (const verb of machineCommands(execute)) group.addCommand(verb)
  return group
}
