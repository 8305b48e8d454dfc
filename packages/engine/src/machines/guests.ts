import type { GuestConnection, GuestHello, Log, MachineDriver, MachineId, OpenGuest } from '@hearth/model'

/** The one connection to each machine's guest agent. */
export class Guests {
  readonly #open: OpenGuest
  readonly #log: Log
  readonly #connections = new Map<MachineId, GuestConnection>()
  readonly #protocols = new Map<MachineId, number>()

  constructor(open: OpenGuest, log: Log) {
    this.#open = open
    this.#log = log
  }

  /** A new connection; connects when the first session is asked for. */
  open(driver: MachineDriver, id: MachineId, token?: string): GuestConnection {
    this.drop(id)
    const connection = this.#open((options) => driver.connect(id, options), token ? { token } : {})
    this.#connections.set(id, connection)
    return connection
  }

  get(id: MachineId): GuestConnection | undefined {
    return this.#connections.get(id)
  }

  /** Remembered for the manifest of a snapshot that is taken when the guest does not answer any more. */
  met(id: MachineId, hello: GuestHello): void {
    this.#protocols.set(id, hello.protocol)
  }

  protocolOf(id: MachineId): number | undefined {
    return this.#protocols.get(id)
  }

  drop(id: MachineId): void {
    const connection = this.#connections.get(id)
    this.#connections.delete(id)
    this.#protocols.delete(id)
    if (!connection) return
    this.#log.debug('guest.closed', { machine: id })
    connection.close()
  }

  close(): void {
    for (const id of [...this.#connections.keys()]) this.drop(id)
  }
}
