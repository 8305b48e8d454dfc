import { join } from 'node:path'
import type { MachineResource } from '@hearth/protocol'
import { asker } from '../http/ask.ts'

/** What the pool suites ask of a server, over HTTP on its unix socket. */
export class PoolClient {
  readonly #ask: ReturnType<typeof asker>

  constructor(home: string) {
    this.#ask = asker(join(home, 'hearth.sock'))
  }

  /** Sets up a pool of `size` machines of `template`, and resolves when it is full. */
  async fill(pool: string, template: string, size: number): Promise<void> {
    const settings = { min: size, max: size, concurrency: 2, startsPerMinute: 6000 }
    await this.#ask({ method: 'PUT', path: `/v1/pools/${pool}`, body: { template, settings } })
    await this.warm(pool)
  }

  /** Resolves when the pool is full. */
  async warm(pool: string): Promise<void> {
    await this.#ask({ method: 'POST', path: `/v1/pools/${pool}/warm?wait=300` })
  }

  async launch(template: string, boot: 'auto' | 'warm' | 'restored' | 'cold' = 'auto'): Promise<MachineResource> {
    return JSON.parse(await this.#ask({ method: 'POST', path: '/v1/machines', body: { template, boot } })) as MachineResource
  }

  /** Runs `true` and resolves when its result is there. */
  async execTrue(machine: string): Promise<void> {
    const path = `/v1/machines/${machine}/exec`
    const { code } = JSON.parse(await this.#ask({ method: 'POST', path, body: { argv: ['true'] } })) as { code: number }
    if (code !== 0) throw new Error(`"true" ended with code ${code}`)
  }

  async remove(machine: string): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `/v1/machines/${machine}` })
  }
}
