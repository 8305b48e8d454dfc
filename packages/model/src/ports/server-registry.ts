/** A server among those that share one state, as it tells the others of itself. */
export interface ServerEntry {
  /** Its home; one server at a time has it. */
  readonly host: string
  /** Where the others reach it over TCP, without a path; absent: not at all. */
  readonly url?: string
  /** Its unix socket, for servers on the same computer. */
  readonly socket: string
  /** Tells which computer that is; another one after each boot. */
  readonly computer: string
  /** Of this process alone: with it the others sign what they pass on. Never shown. */
  readonly secret: string
  readonly startedAt: number
  /** Not heard of any more by then: it is taken for dead. */
  readonly untilMs: number
}

/** Which servers there are. What is written is a heartbeat: the newest word of a home counts. */
export interface ServerRegistry {
  announce(server: ServerEntry): Promise<void>
  /** Says goodbye, unless the home has another server meanwhile. */
  withdraw(host: string, secret: string): Promise<void>
  /** By host; also those whose time is over. */
  list(): Promise<ServerEntry[]>
}
