import { Command } from '@commander-js/extra-typings'
import type { Context, SharedOptions } from '../context.ts'

/** Runs an action with a context made of its options; the number it resolves to is the exit code. */
export type Execute = (options: SharedOptions, action: (context: Context) => Promise<number> | Promise<void>) => Promise<void>

/** A command with the options that all of them have. Its failures are thrown, never a `process.exit`. */
export function command(name: string, description: string) {
  return commandWithoutJson(name, description).option('--json', 'print data as JSON on stdout')
}

/** For the one command whose `--json` means something else. */
export function commandWithoutJson(name: string, description: string) {
  return bareCommand(name, description)
    .option('--server <url>', 'a remote server instead of that of the home (HEARTH_SERVER)')
    .option('--api-key <key>', 'for a remote server; better HEARTH_API_KEY or HEARTH_API_KEY_FILE, which no process list shows')
    .option('-n, --namespace <name>', 'where machines and snapshots are (HEARTH_NAMESPACE; default)')
}

/** For commands that concern this computer alone. */
export function localCommand(name: string, description: string) {
  return bareCommand(name, description).option('--json', 'print data as JSON on stdout')
}

/** A noun with verbs below it. */
export function commandGroup(name: string, description: string) {
  return prepare(name, description)
}

function bareCommand(name: string, description: string) {
  return prepare(name, description)
    .option('--verbose', 'tell what is being done on stderr (as HEARTH_LOG=debug)')
    .option('--home <folder>', 'where Hearth keeps everything (default: HEARTH_HOME, else /var/lib/hearth or ~/.hearth)')
}

function prepare(name: string, description: string) {
  const made = new Command(name)
  return made
    .description(description)
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .exitOverride()
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(`${text.trimEnd()}\n  try: ${helpCommand(made)}\n`) })
}

function helpCommand(leaf: { name(): string; parent: { name(): string; parent: unknown } | null }): string {
  const names: string[] = []
  for (let at: { name(): string; parent: unknown } | null = leaf; at; at = at.parent as typeof at) names.unshift(at.name())
  return `${names.join(' ')} --help`
}
