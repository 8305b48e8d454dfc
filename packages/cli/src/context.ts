import type { Hearth } from '@hearth/sdk'
import type { Log } from './log.ts'

/** What a command is given. */
export interface Context {
  /** What was called, `hearth snapshot list`. */
  readonly command: string
  /** HEARTH_HOME, absolute. */
  readonly home: string
  /** Print data as JSON. */
  readonly json: boolean
  /** Aborted by Ctrl-C with an `Interrupted`. */
  readonly signal: AbortSignal
  readonly log: Log
  readonly env: Readonly<Record<string, string | undefined>>
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /** Connects to the server of this home and starts it when nobody listens. `sockets`: the command needs WebSockets. */
  connect(options?: { readonly sockets?: boolean }): Promise<Hearth>
  /** Data, on stdout: JSON of `data` with --json, else the text that `text` makes. */
  print(data: unknown, text: () => string): void
  /** Talk, on stderr. */
  say(line: string): void
}

/** The options that every command has. */
export interface SharedOptions {
  readonly json?: true | undefined
  readonly verbose?: true | undefined
  readonly home?: string | undefined
}
