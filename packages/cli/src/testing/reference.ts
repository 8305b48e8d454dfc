import type { Argument, Command } from 'commander'
import { completionCommand } from '../declare/completion.ts'
import { createProgram } from '../program.ts'

const intro = `# The command line

\`hearth\` is a client of the server of one home (\`--home\`, else \`HEARTH_HOME\`, else \`/var/lib/hearth\` for root and \`~/.hearth\`
for others). Every command that needs the server starts it.

Verbs for machines, noun then verb for everything else. Data is on stdout, talk on stderr. A machine is named by its id or its name.

## Every command

| option | |
|---|---|
| \`--json\` | print data as JSON on stdout; a failure is JSON on stderr: \`{"error": {"code", "message", "hint", "details"}}\` |
| \`--verbose\` | tell what is being done on stderr, as \`HEARTH_LOG=debug\` (\`debug\`, \`info\`, \`warn\`, \`error\`, \`silent\`; \`warn\` when absent) |
| \`--home <folder>\` | where Hearth keeps everything |
| \`-h\`, \`--help\` | how the command is used |

Sizes are whole numbers with a unit (\`512MiB\`, \`2GiB\`), durations too (\`500ms\`, \`90s\`, \`15m\`, \`2h\`, \`1d\`).

## Exit codes

| code | |
|---|---|
| 0 | done |
| 1 | failed; stderr says what happened, why, and what to try next |
| 2 | wrong usage |
| 125 | \`exec\` only: Hearth failed, not the program (also for wrong usage: every other code is the program's) |
| 130, 143, 129 | stopped by Ctrl-C, SIGTERM or SIGHUP; what was begun has been taken back |
| 141 | nobody read stdout any more |
`

/** Of every command, so said once. */
const shared = new Set(['--json', '--verbose', '--home <folder>', '-h, --help'])

/** The reference of the command line in Markdown, made from what the commands declare. */
export function reference(): string {
  const program = createProgram('', async () => undefined) as unknown as Command
  program.addCommand(completionCommand() as unknown as Command)
  return [intro, ...leaves(program, '').map(section)].join('\n')
}

function leaves(command: Command, path: string): { command: Command; path: string }[] {
  const name = `${path} ${command.name()}`.trim()
  if (command.commands.length === 0) return [{ command, path: name }]
  return command.commands.flatMap((child) => leaves(child, name))
}

function section({ command, path }: { readonly command: Command; readonly path: string }): string {
  const usage = command.usage()
  const options = command.options.filter((option) => !shared.has(option.flags))
  const rows = [
    ...command.registeredArguments.map((argument) => row(argumentName(argument), argument.description, argument.argChoices)),
    ...options.map((option) => row(option.flags, option.description, option.argChoices, option.defaultValue)),
  ]
  const table = rows.length === 0 ? [] : ['| | |', '|---|---|', ...rows, '']
  return [`## ${path}`, '', `${command.description()}.`, '', `    ${path} ${usage}`, '', ...table].join('\n')
}

function argumentName(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name()
  return argument.required ? `<${name}>` : `[${name}]`
}

function row(name: string, description: string, choices: readonly string[] | undefined, fallback?: unknown): string {
  const allowed = choices ? `: ${choices.map((choice) => `\`${choice}\``).join(', ')}` : ''
  const usual = fallback === undefined || fallback === true ? '' : ` (default: \`${String(fallback)}\`)`
  return `| \`${name}\` | ${`${description}${allowed}${usual}`.replaceAll('|', '\\|')} |`
}
