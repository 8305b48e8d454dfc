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

  /** Registers `count` pools, each of a template of its own; only that of template `base` has machines. */
  async pools(count: number, size: number): Promise<void> {
    for (let n = 1; n < count; n++) {
      await this.#engine.templates.build({ name: `idle-${n}`, source: { kind: 'builtin', name: 'base' } })
      await this.#engine.pools.set(`idle-${n}`, { settings: { min: 1, max: 1, lazy: true } })
    }
    const settings = { min: size, max: size, concurrency: 8, startsPerMinute: 100_000 }
    await this.#engine.pools.set('base', { template: 'base', settings })
  }

  /** Resolves when the pool is full. */
  async warm(): Promise<void> {
    await this.#engine.pools.warm('base')
  }

  /** Milliseconds of one claim. @throws when it was not warm */
  async claim(): Promise<number> {
    const began = performance.now()
    await this.#engine.launch({ template: 'base', boot: 'warm' })
    return performance.now() - began
  }

  async endAll(): Promise<void> {
    const machines = await this.#engine.machines.list()
    await Promise.all(machines.map(({ id }) => this.#engine.machines.destroy(id)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine.close()
    await this.store.close()
  }
}
