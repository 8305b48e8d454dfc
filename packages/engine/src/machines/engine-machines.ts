import type { ConsolePart, GuestConnection, Machine, MachineState, MachineStats, Page, Receipt, SnapshotId } from '@hearth/model'

/** Which machines to list: those that live when neither `all` nor `states` is given. Every other field must agree. */
export interface MachineQuery {
  readonly all?: boolean
  readonly states?: readonly MachineState[]
  readonly name?: string
  /** `NAME` (all versions) or `NAME@VERSION`. */
  readonly template?: string
  readonly driver?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly restoredFrom?: SnapshotId
  /** 1 to 1000; 100 when absent. */
  readonly limit?: number
  readonly cursor?: string
}

/** The machines of one namespace, named by id, or by name while they live. */
export interface EngineMachines {
  /** The newest thousand; only those that live unless `all`. */
  list(options?: { readonly all?: boolean }): Promise<Machine[]>
  /** Newest first. */
  page(query: MachineQuery): Promise<Page<Machine>>
  /** @throws HearthError `machine_not_found` */
  get(machine: string): Promise<Machine>
  /** Stops its vCPUs; succeeds when already paused. @throws HearthError `machine_not_running` */
  pause(machine: string): Promise<Machine>
  /** Continues it with the right time and fresh entropy; succeeds when already running. @throws HearthError `machine_not_running` */
  resume(machine: string): Promise<Machine>
  /** Gives it `timeoutMs` from now. @throws HearthError `machine_not_running`, `invalid_input` */
  extend(machine: string, timeoutMs: number): Promise<Machine>
  /** Ends it and resolves when nothing of it is left on the host. Succeeds when it has ended already. @throws HearthError `machine_not_found` */
  destroy(machine: string): Promise<void>
  /** @throws HearthError `state_conflict` when it was never personalised */
  receipt(machine: string): Promise<Receipt>
  /** @throws HearthError `machine_not_running` */
  stats(machine: string): Promise<MachineStats>
  /** The console log's last `maxBytes`. @throws HearthError `machine_not_running` when it has ended */
  consoleLog(machine: string, maxBytes: number): Promise<Uint8Array>
  /** The console log from `start` on, to be followed; see the driver's promise. @throws HearthError `machine_not_running` when it has ended */
  consoleFrom(machine: string, start: number, maxBytes: number): Promise<ConsolePart>
  /**
   * The one connection to its guest agent, shared by all who use the machine. The engine owns it: callers open sessions and streams
   * on it and never suspend, resume or close it. @throws HearthError `machine_not_running`
   */
  guest(machine: string): Promise<GuestConnection>
}
