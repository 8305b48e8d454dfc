import { commandGroup, type Execute } from './declare/command.ts'
import { hostCommands } from './declare/host.ts'
import { insideCommands } from './declare/inside.ts'
import { auditCommand, keyCommands } from './declare/keys.ts'
import { machineCommands, machineGroup } from './declare/machines.ts'
import { namespaceCommands } from './declare/namespaces.ts'
import { poolCommands } from './declare/pools.ts'
import { snapshotCommands } from './declare/snapshots.ts'
import { templateCommands } from './declare/templates.ts'
import { watchingCommands } from './declare/watching.ts'

/** The whole command line. What a command does is loaded when it is called. */
export function createProgram(version: string, execute: Execute) {
  const program = commandGroup('hearth', 'Isolated machines that are already running when you ask for one.')
  program.version(version, '-V, --version', 'show the version')
  program.addHelpText(
    'after',
    `
Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C; exec passes the program's code and uses 125 for its own failures.
Every command that needs the server starts it, but none that is remote (--server). Reference: docs/reference/cli.md.`,
  )
  const groups = [
    ['Machines:', [...machineCommands(execute), machineGroup(execute)]],
    ['Inside a machine:', insideCommands(execute)],
    ['Templates, pools and snapshots:', [templateCommands(execute), poolCommands(execute), snapshotCommands(execute)]],
    ['Who may do what:', [namespaceCommands(execute), keyCommands(execute), auditCommand(execute)]],
    ['What goes on:', watchingCommands(execute)],
    ['This computer:', hostCommands(execute)],
  ] as const
  for (const [heading, commands] of groups) {
    for (const command of commands) program.addCommand(command.helpGroup(heading))
  }
  return program
}
