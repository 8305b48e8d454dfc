import { randomBytes } from 'node:crypto'
import { MemoryDriver, MemoryHost } from '@hearth/drivers'
import { createEngine, type Engine } from '@hearth/engine'
import { type StateStore, silentLog, systemClock } from '@hearth/model'
import { generateSshHostKey, openGuest } from '@hearth/protocol'
import { receiptVerifier } from '@hearth/server'

/** An engine on machines in memory, with a template to launch, whose state is in a store of the kind to be measured. */
export class EngineOnStore implements AsyncDisposable {
  readonly store: StateStore
  readonly #engine: Engine

  private constructor(store: StateStore, engine: Engine) {
    this.store = store
    this.#engine = engine
  }

  static async start(store: StateStore, host: string): Promise<EngineOnStore> {
    const engine = createEngine({
      drivers: [new MemoryDriver({ host: new MemoryHost() })],
      store,
      host,
      openGuest,
      receipts: receiptVerifier,
      newSshHostKey: () => generateSshHostKey(),
      clock: systemClock,
      random: (size) => randomBytes(size),
      log: silentLog,
      // What else an engine does now and then would be measured with the launches beside it.
      options: { reconcileIntervalMs: 0, cleanerIntervalMs: 0, scrubAfterMs: 0, poolTendIntervalMs: 0 },
    })
    await engine.start()
    await engine.templates.build({ name: 'base', source: { kind: 'builtin', name: 'base' } })
    return new EngineOnStore(store, engine)
  }

  /** Milliseconds of one launch; the machine is ended again. */
  async launch(): Promise<number> {
    const began = performance.now()
    const { id } = await this.#engine.launch({ template: 'base' })
    const tookMs = performance.now() - began
    await this.#engine.machines.destroy(id)
    return tookMs
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close()
    await this.store.close()
  }
}
