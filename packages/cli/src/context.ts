import type { Hearth } from '@hearth/sdk'
import type { Target } from './connection/target.ts'
import type { Log } from './log.ts'

/** What a command is given. */
export interface Context {
  /** What was called, `hearth snapshot list`. */
  readonly command: string
  /** HEARTH_HOME, absolute. */
  readonly home: string
  /** Which server is meant: that of the home, or a remote one. */
  readonly target: Target
  /** Where machines and snapshots are, and go. */
  readonly namespace: string
  /** Print data as JSON. */
  readonly json: boolean
  /** Aborted by Ctrl-C with an `Interrupted`. */
  readonly signal: AbortSignal
  readonly log: Log
  readonly env: Readonly<Record<string, string | undefined>>
  /** Wall clock, milliseconds since the epoch. */
  now(): number
  /**
   * A client of the server that is meant; that of the home is started when nobody listens, a remote one never.
   * `sockets`: the command needs WebSockets.
   */
  connect(options?: { readonly sockets?: boolean }): Promise<Hearth>
  /** As `connect`, but nothing where no server runs for the home. */
  connectIfRunning(): Promise<Hearth | undefined>
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
  readonly server?: string | undefined
  readonly apiKey?: string | undefined
  readonly namespace?: string | undefined
  /** This computer is meant, whatever the environment says of a server. */
  readonly local?: true | undefined
}
