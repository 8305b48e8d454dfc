import type { SharedOptions } from '../context.ts'
import { parseWholeNumber } from '../input/quantity.ts'
import { command, commandGroup, commandWithoutJson, type Execute, localCommand } from './command.ts'

/** What concerns this computer: `hearth up`, `server`, `demo`, `doctor`, `config`, `backup`, `restore-backup`. */
export function hostCommands(execute: Execute) {
  const server = commandGroup('server', 'The server of this home')
  server.addCommand(
    command('status', 'Show whether the server runs, and what its drivers can do').action((options) =>
      execute(options, async (context) => (await import('../commands/server-status.ts')).serverStatus(context)),
    ),
  )
  server.addCommand(
    command('stop', 'End the server; machines go on and are taken back by the next one').action((options) =>
      execute(options, async (context) => (await import('../commands/server-stop.ts')).serverStop(context)),
    ),
  )
  const config = commandGroup('config', 'The settings')
  config.addCommand(
    localCommand('show', 'Show every setting of the server and where it comes from').action((options) =>
      execute(here(options), async (context) => (await import('../commands/config-show.ts')).configShow(context, options.home)),
    ),
  )
  return [
    localCommand('up', 'Run the server in the foreground, until Ctrl-C')
      .option('--listen <address>', 'also answer on this address, such as 127.0.0.1:4747, to whoever has a key')
      .action((options) =>
        execute(here(options), async (context) => (await import('../commands/up.ts')).up(context, options.listen)),
      ),
    server,
    demoCommand(execute),
    localCommand('doctor', 'Check what this computer has and lacks, with the command that fixes it').action((options) =>
      execute(here(options), async (context) => (await import('../commands/doctor/doctor.ts')).doctor(context)),
    ),
    config,
    ...backupCommands(execute),
  ]
}

function backupCommands(execute: Execute) {
  return [
    localCommand('backup', 'Save the state of this home into a new folder, while its server goes on')
      .argument('<folder>', 'where to put it')
      .option('--with-files', 'also the files of templates and snapshots; without them only their rows are saved')
      .action((folder, options) =>
        execute(here(options), async (context) =>
          (await import('../commands/backup.ts')).backup(context, folder, options.withFiles ?? false),
        ),
      ),
    localCommand('restore-backup', 'Put a saved state into this home, which no server may have')
      .argument('<folder>', 'what "hearth backup" has made')
      .option('--force', 'also into a home that is in use; what the backup does not know is put aside')
      .option('--check', 'only read the backup and say what is missing or wrong')
      .action((folder, options) =>
        execute(here(options), async (context) =>
          (await import('../commands/restore-backup.ts')).restoreBackup(context, folder, options),
        ),
      ),
  ]
}

/** Of this computer, whatever HEARTH_SERVER says. */
function here(options: SharedOptions): SharedOptions {
  return { ...options, local: true }
}

function demoCommand(execute: Execute) {
  return commandWithoutJson('demo', 'Build, boot, snapshot, restore and fork a real machine, with the times')
    .option('--template <source>', 'the image to use; builtin:base needs no package mirror')
    .option('--forks <number>', 'how many clones', (text) => parseWholeNumber(text, 1, 50), 10)
    .option('--json <file>', 'also write the data to this file')
    .action(({ json, ...options }) =>
      execute(options, async (context) =>
        (await import('../commands/demo/run-demo.ts')).runDemo(context, { ...options, jsonFile: json }),
      ),
    )
}
