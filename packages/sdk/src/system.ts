import type { Cancellable } from './options.ts'
import type { RetentionReport, ServerStats, System, Usage } from './resources.ts'
import { apiPath, type Transport } from './transport.ts'

/**
 * The server itself.
 *
 * ```ts
 * const system: SystemInfo = hearth.system
 * const { version, drivers } = await system.get()
 * const { machines } = await system.stats()
 * const { removed } = await system.clean({ dryRun: true })
 * console.log(version, drivers.length, machines.running, removed.length)
 * ```
 */
export class SystemInfo {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** What the server is and what its drivers can do there. */
  get(options: Cancellable = {}): Promise<System> {
    return this.#transport.json('GET', apiPath('system'), options)
  }

  /** What it holds now, in the namespaces that the key may see. */
  stats(options: Cancellable = {}): Promise<ServerStats> {
    return this.#transport.json('GET', apiPath('stats'), options)
  }

  /** What each namespace that the key may see holds now. */
  async usage(options: Cancellable = {}): Promise<Usage[]> {
    const { items } = await this.#transport.json<{ items: Usage[] }>('GET', apiPath('usage'), options)
    return items
  }

  /** Runs the cleaner of snapshots now; with `dryRun` it only says what it would remove. */
  clean(options: Cancellable & { readonly dryRun?: boolean } = {}): Promise<RetentionReport> {
    const { dryRun = false, ...call } = options
    return this.#transport.json('POST', apiPath('retention', 'run'), { json: { dryRun }, ...call })
  }

  /** Asks the server to end; machines go on and are taken back by the next one. */
  stop(options: Cancellable = {}): Promise<void> {
    return this.#transport.done('POST', apiPath('system', 'stop'), options)
  }
}
