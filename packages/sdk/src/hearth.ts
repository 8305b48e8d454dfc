import type { EventResource } from '@hearth/protocol'
import { Machines } from './machines.ts'
import { readEvents } from './server-sent-events.ts'
import { Snapshots } from './snapshots.ts'
import { SystemInfo } from './system.ts'
import { Templates } from './templates.ts'
import { apiPath, type Cancellable, type HearthOptions, Transport } from './transport.ts'

/**
 * A client of one Hearth server, for Node and browsers.
 *
 *     const hearth = new Hearth({ baseUrl: 'http://127.0.0.1:7070' })
 *     const machine = await hearth.machines.launch({ template: 'python' })
 *     const { stdout } = await machine.run(['python3', '-c', 'print(6 * 7)'])
 *     await machine.remove()
 *
 * Refusals are HearthApiErrors with a stable `code`; no answer is a HearthConnectionError. Whatever can take long takes a `signal`.
 */
export class Hearth {
  readonly templates: Templates
  readonly machines: Machines
  readonly snapshots: Snapshots
  readonly system: SystemInfo
  readonly #transport: Transport

  constructor(options: HearthOptions) {
    this.#transport = new Transport(options)
    this.templates = new Templates(this.#transport)
    this.machines = new Machines(this.#transport)
    this.snapshots = new Snapshots(this.#transport)
    this.system = new SystemInfo(this.#transport)
  }

  /** Every change of state from now on, until the loop is left. */
  async *events(options?: Cancellable): AsyncGenerator<EventResource, void, undefined> {
    const stream = await this.#transport.stream('GET', apiPath('events'), options)
    yield* readEvents<EventResource>(stream)
  }
}
