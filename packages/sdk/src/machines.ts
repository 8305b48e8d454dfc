import type { Launch, MachineResource } from '@hearth/protocol'
import { Machine, MachineRef } from './machine.ts'
import { apiPath, type Cancellable, type Transport } from './transport.ts'

export class Machines {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Asks for a machine and resolves when it is yours. An aborted launch leaves nothing. */
  async launch(options: Launch & Cancellable): Promise<Machine> {
    const { signal, ...json } = options
    const data = await this.#transport.json<MachineResource>('POST', apiPath('machines'), { json, ...(signal ? { signal } : {}) })
    return new Machine(this.#transport, data)
  }

  /** The live machines; with `all` also those that have ended. */
  async list(options: Cancellable & { readonly all?: boolean } = {}): Promise<Machine[]> {
    const { all = false, signal } = options
    const request = { query: { all }, ...(signal ? { signal } : {}) }
    const { items } = await this.#transport.json<{ items: MachineResource[] }>('GET', apiPath('machines'), request)
    return items.map((data) => new Machine(this.#transport, data))
  }

  /** One machine, by id or name. @throws HearthApiError `machine_not_found` */
  get(ref: string, options?: Cancellable): Promise<Machine> {
    return this.ref(ref).get(options)
  }

  /** A handle by id or name, without asking the server whether it exists. */
  ref(ref: string): MachineRef {
    return new MachineRef(this.#transport, ref)
  }
}
