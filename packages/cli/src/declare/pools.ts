import { parseValidator } from '../input/pool-validator.ts'
import { parseDurationMs, parseShare, parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, type Execute } from './command.ts'

/** More than any server allows; which bound it sets, it says itself. */
const mostMachines = 1000
const count = (text: string) => parseWholeNumber(text, 0, mostMachines)
const pool = ['<pool>', 'its name'] as const

/** `hearth pool …`. */
export function poolCommands(execute: Execute) {
  const group = commandGroup('pool', 'Machines that run already when somebody asks for one')
  for (const one of [setCommand(execute), ...lookCommands(execute), ...fillCommands(execute)]) group.addCommand(one)
  group.addCommand(rolloutGroup(execute))
  group.addCommand(autoscaleCommand(execute))
  return group
}

function setCommand(execute: Execute) {
  return command('set', 'Make a pool, or change what is named of one; a drained one is filled again')
    .argument('<pool>', "its name; the template's, unless --template names one")
    .option('--template <template>', 'NAME (the newest) or NAME@VERSION')
    .option('--min <number>', 'refill begins below this', count)
    .option('--max <number>', 'most machines that wait', count)
    .option('--refill-interval <duration>', 'how often to look, such as 5s', parseDurationMs)
    .option('--entry-max-age <duration>', 'older machines are replaced, such as 10m', parseDurationMs)
    .option('--snapshot-max-age <duration>', 'an older snapshot is made anew, such as 1h', parseDurationMs)
    .option('--concurrency <number>', 'machines that are made at the same time', count)
    .option('--starts-per-minute <number>', 'most that are begun in a minute', (text) => parseWholeNumber(text, 1, 100_000))
    .option('--progress-deadline <duration>', 'nothing made for so long: the pool is stuck', parseDurationMs)
    .option(
      '--validate <check>',
      'guest, port:80, http:80/healthz[=STATUS], command:WORDS or custom:NAME; may be repeated',
      parseValidator,
    )
    .option('--no-validate', 'take machines as they are')
    .option('--lazy', 'fill it from the first launch on')
    .option('--no-lazy', 'fill it at once')
    .option('--autoscale <share>', 'let min and max follow the launches, so that this share is served, such as 0.99', parseShare)
    .option('--no-autoscale', 'keep min and max as they are set')
    .option('--autoscale-min <number>', 'no smaller than this', count)
    .option('--autoscale-max <number>', 'no larger than this (default: max)', count)
    .option('--cut-over', 'replace machines of another version or snapshot at once, not as they age out')
    .action((name, options) =>
      execute(options, async (context) => (await import('../commands/pool/set.ts')).poolSet(context, name, options)),
    )
}

function lookCommands(execute: Execute) {
  return [
    command('list', 'List pools and how they stand').action((options) =>
      execute(options, async (context) => (await import('../commands/pool/look.ts')).poolList(context)),
    ),
    command('show', 'Show everything about a pool')
      .argument(...pool)
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/pool/look.ts')).poolShow(context, name)),
      ),
    command('stats', 'Show hits, misses by reason, and what was made, since the server started')
      .argument(...pool)
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/pool/look.ts')).poolStats(context, name)),
      ),
  ]
}

function fillCommands(execute: Execute) {
  return [
    command('warm', 'Fill a pool, and wait until it is full')
      .argument(...pool)
      .option('--give-up <duration>', 'wait no longer than this', parseDurationMs, 600_000)
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/pool/fill.ts')).poolWarm(context, name, options.giveUp)),
      ),
    command('drain', 'End the machines of pools that nobody has claimed; none are made until they are set again')
      .argument('<pool...>', 'names')
      .action((names, options) =>
        execute(options, async (context) => (await import('../commands/pool/fill.ts')).poolDrain(context, names)),
      ),
    command('rm', 'Remove pools, and end their machines that nobody has claimed')
      .argument('<pool...>', 'names')
      .action((names, options) =>
        execute(options, async (context) => (await import('../commands/pool/fill.ts')).poolRm(context, names)),
      ),
  ]
}

function rolloutGroup(execute: Execute) {
  const group = commandGroup('rollout', 'Bring a new template version into a pool, canaries first')
  group.addCommand(
    command('start', 'Try a version on canaries; it takes over when they are validated, else everything stays as it was')
      .argument(...pool)
      .argument('<version>', 'a number', (text) => parseWholeNumber(text, 1, 999_999_999))
      .option('--canaries <number>', 'how many must be validated (default: 1)', (text) => parseWholeNumber(text, 1, 20))
      .option('--deadline <duration>', 'rolled back when it is not done by then (default: 5m)', parseDurationMs)
      .option('--probation <duration>', 'rolled back when its machines fail for so long afterwards', parseDurationMs)
      .option('--wait', 'until it has ended')
      .action((name, version, options) =>
        execute(options, async (context) =>
          (await import('../commands/pool/rollout.ts')).rolloutStart(context, name, version, options),
        ),
      ),
  )
  group.addCommand(
    command('status', 'Show how far it is, or how the last one ended')
      .argument(...pool)
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/pool/rollout.ts')).rolloutStatus(context, name)),
      ),
  )
  group.addCommand(
    command('abort', 'Go back to what the pool was made of before')
      .argument(...pool)
      .action((name, options) =>
        execute(options, async (context) => (await import('../commands/pool/rollout.ts')).rolloutAbort(context, name)),
      ),
  )
  return group
}

function autoscaleCommand(execute: Execute) {
  return command('autoscale', 'Show what autoscale would do with a pool, reckoned over the launches that were recorded')
    .argument(...pool)
    .option('--dry-run', 'change nothing')
    .option('--hit-rate <share>', 'the share of launches that should be served', parseShare)
    .option('--smallest <number>', 'no smaller than this', count)
    .option('--largest <number>', 'no larger than this', count)
    .action((name, options) =>
      execute(options, async (context) => (await import('../commands/pool/autoscale.ts')).poolAutoscale(context, name, options)),
    )
}
