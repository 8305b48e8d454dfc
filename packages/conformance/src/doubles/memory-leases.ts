import type { Leases } from '@hearth/model'

/** Leases in memory. */
export class MemoryLeases implements Leases {
  readonly #leases = new Map<string, { owner: string; untilMs: number; generation: number }>()

  get size(): number {
    return this.#leases.size
  }

  async take(name: string, owner: string, untilMs: number, nowMs: number): Promise<{ generation: number } | undefined> {
    const held = this.#leases.get(name)
    if (held && held.owner !== owner && held.untilMs > nowMs) return undefined
    const generation = held?.owner === owner ? held.generation : (held?.generation ?? 0) + 1
    this.#leases.set(name, { owner, untilMs, generation })
    return { generation }
  }

  async holder(name: string, nowMs: number): Promise<string | undefined> {
    const held = this.#leases.get(name)
    return held && held.untilMs > nowMs ? held.owner : undefined
  }

  async release(name: string, owner: string): Promise<void> {
    const held = this.#leases.get(name)
    if (held?.owner === owner) this.#leases.set(name, { ...held, owner: '', untilMs: 0 })
  }
}
