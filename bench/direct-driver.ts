import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { createQemuDriver } from '@hearth/drivers'
import { type MachineDriver, type MachineSpec, newMachineId, type SnapshotManifest, silentLog } from '@hearth/model'
import { openGuest } from '@hearth/protocol'

const bootDeadlineMs = 60_000

/** The driver and the guest client in this process, beside the server of the same home: what a restore costs without the server. */
export class DirectDriver implements AsyncDisposable {
  readonly #driver: MachineDriver
  readonly #manifest: SnapshotManifest

  private constructor(driver: MachineDriver, manifest: SnapshotManifest) {
    this.#driver = driver
    this.#manifest = manifest
  }

  static async open(home: string, manifest: SnapshotManifest): Promise<DirectDriver> {
    const assets = process.env.HEARTH_ASSETS ?? join(resolve(import.meta.dirname, '..'), 'build')
    return new DirectDriver(await createQemuDriver({ home, assets, acceleration: 'auto', log: silentLog }), manifest)
  }

  /** From the call to the guest agent's first answer, in milliseconds; the machine is gone when this resolves. */
  restoreMs(): Promise<number> {
    return this.#toFirstAnswer((spec) => this.#driver.restore(this.#manifest, spec))
  }

  /** The same for a machine that boots. */
  coldMs(): Promise<number> {
    return this.#toFirstAnswer((spec) => this.#driver.boot(spec))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#driver.close()
  }

  async #toFirstAnswer(start: (spec: MachineSpec) => Promise<void>): Promise<number> {
    const spec = this.#spec()
    const began = performance.now()
    await start(spec)
    const guest = openGuest((options) => this.#driver.connect(spec.id, options))
    try {
      await guest.session({ signal: AbortSignal.timeout(bootDeadlineMs) })
      return performance.now() - began
    } finally {
      guest.close()
      await this.#driver.destroy(spec.id)
    }
  }

  #spec(): MachineSpec {
    return {
      id: newMachineId((size) => randomBytes(size)),
      template: this.#manifest.template,
      resources: this.#manifest.resources,
      network: { mac: '52:54:00:12:34:57', address: '10.64.0.15/24', gateway: '10.64.0.2', dns: '10.64.0.3' },
      egress: 'none',
    }
  }
}
