import type { LaunchOptions, RestoreResult, SnapshotResource, VerifyResult } from '@hearth/protocol'
import { Machine } from './machine.ts'
import { apiPath, type Cancellable, type Transport } from './transport.ts'

export class Snapshots {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** All snapshots, or those of one machine (id or name) or template. */
  async list(options: Cancellable & { readonly machine?: string; readonly template?: string } = {}): Promise<SnapshotResource[]> {
    const { signal, ...query } = options
    const request = { query, ...(signal ? { signal } : {}) }
    const { items } = await this.#transport.json<{ items: SnapshotResource[] }>('GET', apiPath('snapshots'), request)
    return items
  }

  get(id: string, options?: Cancellable): Promise<SnapshotResource> {
    return this.#transport.json('GET', apiPath('snapshots', id), options)
  }

  /** Launches a machine that goes on where the snapshot was taken. */
  async restore(id: string, options: LaunchOptions & Cancellable = {}): Promise<Machine> {
    const { signal, ...json } = options
    const request = { json, ...(signal ? { signal } : {}) }
    const { machine } = await this.#transport.json<RestoreResult>('POST', apiPath('snapshots', id, 'restore'), request)
    return new Machine(this.#transport, machine)
  }

  /** Reads every byte of it again and compares with what was recorded. */
  verify(id: string, options?: Cancellable): Promise<VerifyResult> {
    return this.#transport.json('POST', apiPath('snapshots', id, 'verify'), options)
  }

  /** Deletes it; `force` ends the machines that were restored from it first. @throws HearthApiError `snapshot_in_use` */
  async remove(id: string, options: Cancellable & { readonly force?: boolean } = {}): Promise<void> {
    const { force = false, signal } = options
    await this.#transport.done('DELETE', apiPath('snapshots', id), { query: { force }, ...(signal ? { signal } : {}) })
  }
}
