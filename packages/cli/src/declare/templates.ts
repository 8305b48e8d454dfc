import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { parseDurationMs, parseMebibytes, parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, type Execute } from './command.ts'

/** `hearth template …`. */
export function templateCommands(execute: Execute) {
  const group = commandGroup('template', 'Build and list templates')
  group.addCommand(buildCommand(execute))
  group.addCommand(
    command('list', 'List templates').action((options) =>
      execute(options, async (context) => (await import('../commands/template-list.ts')).templateList(context)),
    ),
  )
  group.addCommand(
    command('show', 'Show everything about a template')
      .argument('<template>', 'NAME or NAME@VERSION')
      .action((ref, options) =>
        execute(options, async (context) => (await import('../commands/template-show.ts')).templateShow(context, ref)),
      ),
  )
  group.addCommand(
    command('rm', 'Remove versions of templates')
      .argument('<template...>', 'NAME@VERSION')
      .action((refs, options) =>
        execute(options, async (context) => (await import('../commands/template-rm.ts')).templateRm(context, refs)),
      ),
  )
  return group
}

function buildCommand(execute: Execute) {
  return command('build', 'Build a template; nothing is built when nothing changed')
    .usage('[options] <name> <source> [-- start-command...]')
    .argument('<name>', 'what to call it')
    .argument('<source>', 'builtin:base, debian:SUITE?include=PACKAGE,…, tar:FILE or dir:FOLDER')
    .argument('[start...]', 'the program every machine starts with, and its arguments')
    .option('--vcpus <number>', 'how many processors', (text) => parseWholeNumber(text, 1, 32))
    .option('--memory <size>', 'such as 512MiB', parseMebibytes)
    .option('--disk <size>', "a machine's own disk, such as 4GiB", parseMebibytes)
    .option('-e, --env <NAME=VALUE>', 'an environment variable of every machine; never a secret', collect)
    .addOption(
      new Option('--ready-port <port>', 'ready when something listens on it')
        .argParser((text) => parseWholeNumber(text, 1, 65_535))
        .conflicts(['readyLog', 'readyCommand']),
    )
    .addOption(new Option('--ready-log <pattern>', 'ready when a line of its output matches').conflicts('readyCommand'))
    .option('--ready-command <command>', 'ready when it exits with 0: a JSON array, or a line for sh -c')
    .option('--ready-timeout <duration>', 'how long that may take (default: 2m)', parseDurationMs)
    .addOption(new Option('--egress <policy>', "the machines' network").choices(['none', 'open', 'allow-list']).default('none'))
    .option('--no-cache', 'build a new version even when nothing changed')
    .action((name, source, start, options) =>
      execute(options, async (context) =>
        (await import('../commands/template-build.ts')).templateBuild(context, name, source, start, options),
      ),
    )
}
