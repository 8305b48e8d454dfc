import type { Duplex, Readable, Writable } from 'node:stream'
import type { InjectedFile } from '../machine.ts'
import type { ReceiptItem } from '../receipt.ts'

/** What the guest agent said of itself. Every field was checked; none is to be trusted. */
export interface GuestHello {
  readonly protocol: number
  readonly agentVersion: string
  readonly capabilities: readonly string[]
  readonly bootId: string
  readonly kernel: string
  readonly init: boolean
  readonly generation: number
  readonly uptimeMs: number
}

export interface IdentifyRequest {
  readonly generation: number
  /** 64 bytes that nobody else gets. */
  readonly entropy: Uint8Array
  readonly wallClockMs: number
  readonly machineUuid: string
  readonly sshHostKeys: readonly { readonly type: 'ed25519'; readonly privateKey: string; readonly publicKey: string }[]
  readonly mac?: string
  readonly network?: { readonly address: string; readonly gateway: string; readonly dns: string }
}

/** Why hooks run: how the machine came to be, or what was done to it. `rehearsal`: with throw-away values, for a pool. */
export type HookReason = 'cold' | 'restored' | 'warm' | 'resumed' | 'rehearsal'

/** Programs of the image that make themselves new: the executables in /etc/hearth/personalise.d, one after the other. */
export interface HookOrder {
  /** Told to them as HEARTH_BOOT. */
  readonly reason: HookReason
  /** The longest that one may take; 1 to 600,000. */
  readonly eachMs: number
  /** The longest that all may take; 1 to 600,000. */
  readonly totalMs: number
}

export interface AssignRequest {
  readonly entropy: Uint8Array
  readonly wallClockMs: number
  readonly hostname: string
  readonly env: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
  readonly files: readonly InjectedFile[]
  /** The channel token: later sessions must show it. */
  readonly token: string
  readonly linkUp: boolean
  /** Hooks are run when this is there, the guest's hello has the capability `hooks`, and user processes are not frozen. */
  readonly hooks?: HookOrder
}

/** What a frozen guest forgets and must be told again when its source goes on. */
export interface ThawRequest {
  readonly env?: Readonly<Record<string, string>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly token?: string
}

export interface ExecRequest {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Name or `uid[:gid]`; root when absent. */
  readonly user?: string
  readonly pty?: { readonly cols: number; readonly rows: number }
  /** Keep stdin open; otherwise it is /dev/null. */
  readonly stdin?: boolean
  /** A name by which the process can be found again. */
  readonly tag?: string
  /** What becomes of the process when the stream is closed by this side. Default `kill`. */
  readonly onClose?: 'kill' | 'keep'
  /** Also copy its output to the console, which the host logs. */
  readonly toConsole?: boolean
}

export interface ExecExit {
  /** The exit code, or 128 + signal. */
  readonly code: number
  readonly signal?: number
}

/** A process in the guest, with its streams. Survives a reconnect without losing or doubling a byte. */
export interface ExecHandle {
  readonly execId: number
  readonly pid: number
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
  readonly exit: Promise<ExecExit>
  /** Bytes that were dropped before this attachment because nobody was there to read. */
  readonly lostBytes: number
  signal(signal: number): Promise<void>
  resize(cols: number, rows: number): Promise<void>
  /** Ends this side's interest; see `onClose`. */
  close(): void
}

export interface ExecInfo {
  readonly execId: number
  readonly pid: number
  readonly argv: readonly string[]
  readonly tag?: string
  readonly running: boolean
  readonly exit?: ExecExit
  readonly startedAtMs: number
}

export type FileKind = 'file' | 'directory' | 'symlink' | 'other'

export interface FileStat {
  readonly path: string
  readonly kind: FileKind
  readonly sizeBytes: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtimeMs: number
  readonly target?: string
}

export interface WatchEvent {
  readonly kind: 'create' | 'write' | 'remove' | 'rename' | 'chmod' | 'overflow'
  /** Relative to the watched directory. */
  readonly path: string
}

export interface GuestMetrics {
  readonly memTotalBytes: number
  readonly memAvailableBytes: number
  readonly cpuCount: number
  readonly cpuBusyMs: number
  readonly diskTotalBytes: number
  readonly diskUsedBytes: number
  readonly processes: number
}

export interface Deadline {
  readonly signal?: AbortSignal
}

/**
 * One conversation with a guest agent over one byte stream. The guest is hostile: every answer is length- and shape-checked;
 * what does not fit ends the session with `guest_protocol`. Everything has a deadline (10 s unless a signal says otherwise).
 * Errors: `guest_unreachable` (stream ended, no answer in time), `guest_protocol`, `guest_error` (the agent refused, with its words).
 */
export interface GuestSession {
  readonly hello: GuestHello
  /** Resolves when the session is over, with the reason; never rejects. */
  readonly closed: Promise<Error | undefined>

  identify(request: IdentifyRequest, options?: Deadline): Promise<readonly ReceiptItem[]>
  assign(request: AssignRequest, options?: Deadline): Promise<readonly ReceiptItem[]>
  /**
   * Freezes user processes, syncs, drops token, env and secrets. The answer is the session's last word:
   * exec and file streams wait for the next session. The guest thaws itself after `deadlineMs` whatever happens.
   */
  quiesce(deadlineMs: number, options?: Deadline): Promise<{ frozen: boolean; synced: boolean; detail?: string }>
  thaw(request: ThawRequest, options?: Deadline): Promise<void>

  exec(request: ExecRequest, options?: Deadline): Promise<ExecHandle>
  attach(target: { execId: number } | { tag: string }, options?: Deadline & { onClose?: 'kill' | 'keep' }): Promise<ExecHandle>
  listExecs(options?: Deadline): Promise<readonly ExecInfo[]>

  stat(path: string, options?: Deadline): Promise<FileStat>
  list(path: string, depth: number, options?: Deadline): Promise<readonly FileStat[]>
  readFile(path: string, options?: Deadline): Promise<{ stat: FileStat; content: Readable }>
  /** Written beside `path` and renamed when the stream ends; an aborted write leaves nothing. */
  writeFile(
    path: string,
    mode: number,
    options?: Deadline & { owner?: string },
  ): Promise<{ content: Writable; done: Promise<void> }>
  mkdir(path: string, mode: number, options?: Deadline): Promise<void>
  move(from: string, to: string, options?: Deadline): Promise<void>
  remove(path: string, recursive: boolean, options?: Deadline): Promise<void>
  getXattr(path: string, name: string, options?: Deadline): Promise<Uint8Array>
  setXattr(path: string, name: string, value: Uint8Array, options?: Deadline): Promise<void>
  /** Begins at once; `ready` resolves when changes are noticed. Ends with the loop that reads it, or with the signal. */
  watch(path: string, recursive: boolean, options?: Deadline): AsyncIterable<WatchEvent> & { readonly ready: Promise<void> }

  /** A stream to a TCP port on the guest's own loopback. */
  dial(port: number, options?: Deadline): Promise<Duplex>
  listeningPorts(options?: Deadline): Promise<readonly number[]>
  metrics(options?: Deadline): Promise<GuestMetrics>
  shutdown(mode: 'poweroff' | 'reboot', options?: Deadline): Promise<void>

  /** Ends the session; open exec streams get `onClose`. */
  close(): void
}

/**
 * A guest that outlives single sessions: after `suspend` (a snapshot) or a broken stream, exec and file streams go on
 * in the next session from where they were.
 */
export interface GuestConnection {
  /** The current session; connects when there is none. */
  session(options?: Deadline): Promise<GuestSession>
  /**
   * Quiesces and closes the session; requests wait until `resume`. When it fails because the guest does not answer, the guest may
   * be frozen all the same: `resume` is due then too. A refusal (`guest_error`) leaves everything as it was.
   */
  suspend(deadlineMs: number, options?: Deadline): Promise<{ frozen: boolean; synced: boolean; detail?: string }>
  /** Connects again, thaws, and lets the streams go on. */
  resume(request: ThawRequest, options?: Deadline): Promise<void>
  /** The token that later sessions show. */
  setToken(token: string): void
  close(): void
}

/** Opens a connection over streams that `connect` makes, one at a time. */
export type OpenGuest = (connect: (options?: Deadline) => Promise<Duplex>, options?: { token?: string }) => GuestConnection
