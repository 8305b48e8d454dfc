import type { System } from '@hearth/protocol'
import { apiPath, type Cancellable, type Transport } from './transport.ts'

export class SystemInfo {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** What the server is and what its drivers can do here. */
  get(options?: Cancellable): Promise<System> {
    return this.#transport.json('GET', apiPath('system'), options)
  }

  /** Asks the server to end; machines go on and are taken back by the next one. */
  async stop(options?: Cancellable): Promise<void> {
    await this.#transport.done('POST', apiPath('system', 'stop'), options)
  }
}
