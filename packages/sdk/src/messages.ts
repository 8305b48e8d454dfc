import type { Problem } from './resources.ts'

// What travels over the WebSockets; OpenAPI has no words for it. A test holds these against the server's schemas.

/** How a process is started. */
export interface ExecStart {
  readonly argv: string[]
  readonly env?: Record<string, string> | undefined
  readonly cwd?: string | undefined
  readonly user?: string | undefined
  readonly pty?: { readonly cols: number; readonly rows: number } | undefined
  readonly stdin?: boolean | undefined
  readonly tag?: string | undefined
  readonly detach?: boolean | undefined
}

/** How one goes on with a process. */
export interface ExecAttach {
  readonly attach: number | string
  readonly detach?: boolean | undefined
}

/** What a client says to a process. */
export type ExecControl =
  | { type: 'eof' }
  | { type: 'resize'; cols: number; rows: number }
  | { type: 'signal'; signal: number }
  | { type: 'pause' }
  | { type: 'resume' }

/** What the server says of a process. */
export type ExecEvent =
  | { type: 'started'; execId: number; pid: number; lostBytes: number }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'exit'; code: number; signal?: number | undefined }
  | { type: 'error'; error: Problem }

/** What a client says on a connection to a port. */
export type DialControl = { type: 'eof' } | { type: 'pause' } | { type: 'resume' }

/** What the server says on a connection to a port. */
export type DialEvent =
  | { type: 'connected' }
  | { type: 'eof' }
  | { type: 'pause' }
  | { type: 'resume' }
  | { type: 'error'; error: Problem }
