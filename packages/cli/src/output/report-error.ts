import { HearthApiError, HearthConnectionError } from '@hearth/sdk'
import { CliError } from '../cli-error.ts'
import { exitCodes } from '../exit-codes.ts'
import { printable } from './table.ts'

/** The command to try next, for refusals that carry no hint of their own. */
const nextCommands: Readonly<Record<string, string>> = {
  template_not_found: 'List templates with "hearth template list", or build one with "hearth template build".',
  machine_not_found: 'List machines with "hearth ls --all".',
  snapshot_not_found: 'List snapshots with "hearth snapshot list".',
  namespace_not_found: 'List namespaces with "hearth namespace list".',
  namespace_in_use: 'See what it holds with "hearth namespace show NAMESPACE"; remove that first.',
  key_not_found: 'List keys with "hearth key list".',
  unauthenticated: 'Give a key: HEARTH_API_KEY, HEARTH_API_KEY_FILE or --api-key. "hearth key create" on its host makes one.',
  forbidden: 'See what your key may do with "hearth key show"; an admin makes another with "hearth key create".',
  limit_reached: 'See the limits with "hearth namespace show", and what can go with "hearth snapshot clean --dry-run".',
  snapshot_not_ready: 'See its state with "hearth snapshot show SNAPSHOT".',
  internal: 'This is a fault of Hearth: see the log of the server.',
  name_taken: 'Choose another name, or see who has it with "hearth ls".',
  machine_not_running: 'See its state with "hearth show MACHINE"; a paused one goes on with "hearth resume MACHINE".',
  snapshot_in_use: 'End the machines restored from it ("hearth ls"), or add --force.',
  template_in_use: 'See what uses it with "hearth ls" and "hearth snapshot list".',
  guest_unreachable: 'See what its console says with "hearth logs MACHINE".',
  guest_error: 'Look around in the machine: "hearth exec MACHINE -- ls -la /".',
  guest_protocol: 'The guest agent is not well: see "hearth logs MACHINE", then "hearth rm MACHINE".',
  ready_check_failed: 'Run the start command by hand in a machine of builtin:base, or give it longer with --ready-timeout.',
  personalise_failed: 'Machines of this template cannot be made safe: see "hearth doctor", then build it again with --no-cache.',
  driver_unavailable: 'See what is missing with "hearth doctor".',
  driver_misconfigured: 'See what is missing with "hearth doctor".',
}

const tailLines = 20

/** What a failure says to programs. */
export interface ErrorData {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string
    readonly details?: Readonly<Record<string, unknown>>
    /** By which the log of the server knows it. */
    readonly requestId?: string
  }
}

/** A failure as data. */
export function errorData(error: unknown, command: string): ErrorData {
  const hint = hintOf(error, command)
  const { details, requestId } = error instanceof HearthApiError ? error : {}
  const facts = { ...(details ? { details } : {}), ...(requestId === undefined ? {} : { requestId }) }
  return { error: { code: codeOf(error), message: messageOf(error), hint, ...facts } }
}

/** A failure in words: what happened, why, and what to try next. `command` is the one that failed, `hearth ls`. */
export function errorText(error: unknown, command: string): string {
  const lines = [`error: ${messageOf(error)}`, ...causes(error).map((cause) => `  because: ${cause}`)]
  const tail = error instanceof HearthApiError ? outputTail(error.details) : []
  if (tail.length > 0) lines.push('  its last output:', ...tail.map((line) => `    ${line}`))
  const hint = hintOf(error, command)
  lines.push(`  try: ${hint}`)
  return lines.map((line) => line.split('\n').map(printable).join('\n')).join('\n')
}

/** The exit code of a failure. */
export function exitCodeOfError(error: unknown): number {
  return error instanceof CliError ? error.exitCode : exitCodes.failed
}

function hintOf(error: unknown, command: string): string {
  const help = `See how it is used: "${command} --help".`
  if (error instanceof CliError) return error.hint ?? help
  if (error instanceof HearthApiError) return error.hint ?? nextCommands[error.code] ?? help
  if (error instanceof HearthConnectionError)
    return 'Is the server well? Run "hearth server status"; for one on this computer, "hearth doctor" too.'
  return 'Run the command again with --verbose; if that does not explain it, this is a fault of Hearth.'
}

/** The last lines of what the machine said, where a failure carries them. */
function outputTail(details: HearthApiError['details'] = {}): string[] {
  const output = [details.output, details.console].find((text) => typeof text === 'string' && text.trim() !== '')
  return typeof output === 'string' ? output.trimEnd().split('\n').slice(-tailLines) : []
}

function codeOf(error: unknown): string {
  if (error instanceof HearthApiError) return error.code
  if (error instanceof HearthConnectionError) return 'no_connection'
  return error instanceof CliError && error.exitCode === exitCodes.usage ? 'usage' : 'cli'
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function causes(error: unknown): string[] {
  const failure = error instanceof HearthApiError ? error.details?.failure : undefined
  if (typeof failure === 'string') return [failure]
  if (error instanceof CliError || !(error instanceof Error) || error.cause === undefined) return []
  return [messageOf(error.cause), ...causes(error.cause)]
}
