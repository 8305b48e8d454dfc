import { Option } from '@commander-js/extra-typings'
import { collect } from '../input/pairs.ts'
import { command, commandGroup, type Execute } from './command.ts'

/** `hearth snapshot …`. */
export function snapshotCommands(execute: Execute) {
  const group = commandGroup('snapshot', 'Freeze machines and go on from there')
  group.addCommand(
    command('create', 'Freeze a machine into a snapshot; it goes on afterwards')
      .argument('<machine>', 'its id or name')
      .option('--tag <text>', 'free text by which to find it again')
      .action((ref, options) =>
        execute(options, async (context) =>
          (await import('../commands/snapshot-create.ts')).snapshotCreate(context, ref, options),
        ),
      ),
  )
  group.addCommand(
    command('list', 'List snapshots')
      .option('--machine <machine>', 'only those taken of this machine')
      .option('--template <template>', 'only those of this template')
      .action((options) =>
        execute(options, async (context) => (await import('../commands/snapshot-list.ts')).snapshotList(context, options)),
      ),
  )
  group.addCommand(
    command('show', 'Show everything about a snapshot')
      .argument('<snapshot>', 'its id')
      .action((id, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-show.ts')).snapshotShow(context, id)),
      ),
  )
  group.addCommand(restoreCommand(execute))
  group.addCommand(
    command('verify', 'Read every byte of snapshots again and compare with what was recorded')
      .argument('<snapshot...>', 'ids')
      .action((ids, options) =>
        execute(options, async (context) => (await import('../commands/snapshot-verify.ts')).snapshotVerify(context, ids)),
      ),
  )
  group.addCommand(
    command('rm', 'Remove snapshots')
      .argument('<snapshot...>', 'ids')
      .option('--force', 'end the machines restored from them first')
      .action((ids, options) =>
        execute(options, async (context) =>
          (await import('../commands/snapshot-rm.ts')).snapshotRm(context, ids, options.force ?? false),
        ),
      ),
  )
  return group
}

function restoreCommand(execute: Execute) {
  return command('restore', 'Get a machine that goes on where a snapshot was taken')
    .argument('<snapshot>', 'its id')
    .option('--name <name>', 'a name of its own, unique among live machines')
    .option('--hostname <name>', "the machine's hostname")
    .option('-e, --env <NAME=VALUE>', 'an environment variable; NAME alone takes its value here', collect)
    .option('--secret <NAME=VALUE>', 'as --env, but never shown, logged or kept in a snapshot', collect)
    .option('--file <local:/path[:mode]>', 'put a local file into the machine (at most 128 KiB)', collect)
    .option('--label <NAME=VALUE>', 'free text by which to find it again', collect)
    .addOption(
      new Option('--egress <policy>', "the machine's network (default: the template's)").choices(['none', 'open', 'allow-list']),
    )
    .action((id, options) =>
      execute(options, async (context) =>
        (await import('../commands/snapshot-restore.ts')).snapshotRestore(context, id, options),
      ),
    )
}
