import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { parseDurationMs, parseTtlMs, parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, type Execute } from './command.ts'
import { machineGiver } from './launch-flags.ts'

const kinds = ['user', 'template', 'fork'] as const
const states = ['creating', 'ready', 'failed', 'quarantined', 'deleting'] as const
const snapshot = ['<snapshot>', 'its id'] as const

/** `hearth snapshot …`. */
export function snapshotCommands(execute: Execute) {
  const group = commandGroup('snapshot', 'Freeze machines and go on from there')
  for (const made of [...making(execute), ...looking(execute), ...changing(execute)]) group.addCommand(made)
  return group
}

function making(execute: Execute) {
  return [
    snapshotGiver('create', 'Freeze a machine into a snapshot; it goes on afterwards', '<machine>', 'its id or name')
      .option('--idempotency-key <key>', 'the same again with this key makes no second one')
      .action((ref, options) =>
        execute(options, async (context) =>
          (await import('../commands/snapshot-create.ts')).snapshotCreate(context, ref, options),
        ),
      ),
    machineGiver('restore', 'Get a machine that goes on where a snapshot was taken', ...snapshot)
      .option('--force', 'also when its time is over; else the machine starts fresh from its configuration')
      .action((id, options) =>
        execute(options, async (context) =>
          (await import('../commands/snapshot-restore.ts')).snapshotRestore(context, id, options),
        ),
      ),
    snapshotGiver('copy', 'Make another snapshot of the same moment', ...snapshot)
      .option('--to <namespace>', 'into this namespace')
      .action((id, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-copy.ts')).snapshotCopy(context, id, options)),
      ),
  ]
}

/** A command that makes a snapshot, of the thing its one argument names. */
function snapshotGiver(name: string, description: string, argument: string, about: string) {
  return (
    command(name, description)
      // Of which name does not matter to the types, only that there must be one.
      .argument(argument as '<one>', about)
      .option('--tag <tag>', 'free text by which to find it again')
      .option('--label <NAME=VALUE>', 'free text by which to find it again', collect)
      .option('--ttl <duration>', 'how long it is kept; 0 or never: for ever (default: 14d)', parseTtlMs)
      .option('--pin', 'the cleaner never removes it')
  )
}

function looking(execute: Execute) {
  return [
    command('list', 'List snapshots, newest first')
      .option('--machine <machine>', 'only those taken of this machine')
      .option('--template <template>', 'only those of this template')
      .option('--tag <tag>', 'only those with this tag')
      .option('--label <NAME=VALUE>', 'only those with this label', collect)
      .option('--parent <snapshot>', 'only those taken of a machine that was restored from this one')
      .addOption(new Option('--kind <kind...>', 'only those of these kinds').choices(kinds))
      .addOption(new Option('--state <state...>', 'only those in these states').choices(states))
      .option('--pinned', 'only those that are pinned')
      .option('--older-than <duration>', 'such as 7d', parseDurationMs)
      .option('--newer-than <duration>', 'such as 1h', parseDurationMs)
      .option('--limit <number>', 'at most so many', (text) => parseWholeNumber(text, 1, 1_000_000))
      .action((options) =>
        execute(options, async (context) => (await import('../commands/snapshot-list.ts')).snapshotList(context, options)),
      ),
    command('show', 'Show everything about a snapshot')
      .argument(...snapshot)
      .action((id, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-show.ts')).snapshotShow(context, id)),
      ),
    command('tree', 'Draw where a snapshot comes from, and what was made from it')
      .argument(...snapshot)
      .action((id, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-tree.ts')).snapshotTree(context, id)),
      ),
    command('verify', 'Read every byte of snapshots again and compare with what was recorded')
      .argument('<snapshot...>', 'ids')
      .action((ids, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-verify.ts')).snapshotVerify(context, ids)),
      ),
  ]
}

function changing(execute: Execute) {
  return [
    command('set', 'Change the tag, labels, time to live or pin of a snapshot')
      .argument(...snapshot)
      .option('--tag <tag>', 'free text by which to find it again')
      .option('--no-tag', 'take its tag away')
      .option('--label <NAME=VALUE>', 'labels in place of all it has', collect)
      .option('--ttl <duration>', 'how long it is kept since it was made; 0 or never: for ever', parseTtlMs)
      .option('--pin', 'the cleaner never removes it')
      .option('--no-pin', 'the cleaner may remove it')
      .action((id, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-set.ts')).snapshotSet(context, id, options)),
      ),
    command('rm', 'Remove snapshots')
      .argument('<snapshot...>', 'ids')
      .option('--force', 'end the machines restored from them first')
      .action((ids, options) =>
        execute(options, async (context) =>
          (await import('../commands/snapshot-rm.ts')).snapshotRm(context, ids, options.force ?? false),
        ),
      ),
    command('clean', 'Run the cleaner now, in all namespaces: expired snapshots, and those beyond the limits')
      .option('--dry-run', 'only say what would be removed')
      .action((options) =>
        execute(options, async (context) =>
          (await import('../commands/snapshot-clean.ts')).snapshotClean(context, options.dryRun ?? false),
        ),
      ),
  ]
}
