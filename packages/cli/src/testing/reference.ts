import type { Argument, Command } from 'commander'
import { completionCommand } from '../declare/completion.ts'
import { createProgram } from '../program.ts'

const intro = `# The command line

\`hearth\` is a client of a server: that of one home (\`--home\`, else \`HEARTH_HOME\`, else \`/var/lib/hearth\` for root and
\`~/.hearth\` for others), or a remote one. Every command that needs the server of a home starts it; a remote one is never started.

Verbs for machines, noun then verb for everything else; \`hearth machine VERB\` is the same as \`hearth VERB\`. Data is on stdout,
talk on stderr. A machine is named by its id or its name. Lists are whole, newest first, unless \`--limit\` says otherwise.

## Every command

| option | |
|---|---|
| \`--json\` | print data as JSON on stdout, lists as arrays; a failure is JSON on stderr: \`{"error": {"code", "message", "hint", "details", "requestId"}}\` |
| \`--verbose\` | tell what is being done on stderr, as \`HEARTH_LOG=debug\` (\`debug\`, \`info\`, \`warn\`, \`error\`, \`silent\`; \`warn\` when absent) |
| \`--home <folder>\` | where Hearth keeps everything |
| \`--server <url>\` | a remote server instead of that of the home; \`HEARTH_SERVER\` where neither it nor \`--home\` is given |
| \`--api-key <key>\` | for a remote server; better \`HEARTH_API_KEY\`, or \`HEARTH_API_KEY_FILE\` with the path of a file that holds it: no process list shows those |
| \`-n\`, \`--namespace <name>\` | where machines and snapshots are; else \`HEARTH_NAMESPACE\`, else \`default\` |
| \`-h\`, \`--help\` | how the command is used |

\`up\`, \`doctor\`, \`config show\` and the backups concern this computer alone and know no remote server.

A server that serves TLS with a certificate of your own authority is trusted with \`NODE_EXTRA_CA_CERTS=/path/ca.pem\`. Requests that
can be repeated without harm are tried again when the server is busy or the connection breaks.

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
const shared = new Set([
  '--json',
  '--verbose',
  '--home <folder>',
  '--server <url>',
  '--api-key <key>',
  '-n, --namespace <name>',
  '-h, --help',
])

/** The reference of the command line in Markdown, made from what the commands declare. */
export function reference(): string {
  const program = createProgram('', async () => undefined) as unknown as Command
  program.addCommand(completionCommand() as unknown as Command)
  return [intro, ...leaves(program, '').map(section)].join('\n')
}

function leaves(command: Command, path: string): { command: Command; path: string }[] {
  const name = `${path} ${command.name()}`.trim()
  // The same verbs once more.
  if (name === 'hearth machine') return []
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
