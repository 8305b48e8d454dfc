import type { Machine, MachineId } from '@hearth/model'
import { expect } from 'vitest'
import type { EngineBed } from './engine-bed.ts'

/** Looks at a pool `base` from outside, all the time: what is on the host, and what is handed out. */
export class PoolWatch {
  /** Machines that a driver would not end at first. */
  leftovers = 0
  readonly #bed: EngineBed
  readonly #handedOut = new Set<MachineId>()
  #most = 0

  /** `mostMachines` is how many the host has memory for. */
  constructor(bed: EngineBed, mostMachines: number) {
    this.#bed = bed
    const { machines } = bed.host
    const set = machines.set.bind(machines)
    machines.set = (id, machine) => {
      expect(machines.size - this.leftovers, 'no more machines than the host has memory for').toBeLessThan(mostMachines)
      return set(id, machine)
    }
    const { poolEntries } = bed.store
    const insert = poolEntries.insert.bind(poolEntries)
    poolEntries.insert = async (row, alongside) => {
      const made = await insert(row, alongside)
      const live = (await poolEntries.list()).filter((each) => !each.canary)
      expect(live.length - this.leftovers, 'no more entries than the pool may hold').toBeLessThanOrEqual(this.#most)
      return made
    }
  }

  /** What the pool was given as its largest size; a smaller one counts once what is too much is gone. */
  mayHold(max: number): void {
    this.#most = Math.max(this.#most, max)
  }

  handedOut(machine: Machine, version: number | undefined): void {
    expect(this.#handedOut.has(machine.id), `${machine.id} is handed out for the first time`).toBe(false)
    this.#handedOut.add(machine.id)
    if (version !== undefined) expect(machine.template).toBe(`base@${version}`)
    expect(machine.receipt, `${machine.id} is proven`).toBeDefined()
  }

  /** What holds whenever nothing is under way. */
  async mustBeWhole(): Promise<void> {
    const { engine, store, driver, host } = this.#bed
    const machines = await engine.machines.list({ all: true })
    const live = machines.filter((each) => each.state === 'running' || each.state === 'paused')
    expect(machines.filter((each) => each.state === 'starting' || each.state === 'stopping')).toEqual([])
    const entries = await store.poolEntries.list()
    expect(entries.filter((each) => each.state !== 'ready')).toEqual([])
    expect((await driver.list()).map((each) => each.id).sort(), 'what is on the host has a row').toEqual(
      [...live, ...entries].map((each) => each.id).sort(),
    )
    const everybody = [...live, ...entries]
    for (const field of [
      (each: (typeof everybody)[number]) => each.network.address,
      (each: (typeof everybody)[number]) => each.network.mac,
      (each: (typeof everybody)[number]) => each.machineUuid,
    ]) {
      expect(new Set(everybody.map(field)).size, 'no two share it').toBe(everybody.length)
    }
    for (const { id } of entries) {
      expect(this.#handedOut.has(id)).toBe(false)
      expect(host.machines.get(id)?.hasLink, `${id} waits without a link`).toBe(false)
    }
    const [status] = await engine.pools.list()
    expect(entries.length).toBe(status?.depth ?? 0)
    if (status) this.#mustAddUp(status)
    this.leftovers = 0
    this.#most = status?.pool.settings.max ?? this.#most
  }

  #mustAddUp({ counters, depth, scale, refill, versions }: Awaited<ReturnType<EngineBed['engine']['pools']['get']>>): void {
    const { adopted, created, claimed, claimFailures, evicted } = counters
    expect(adopted + created, 'whatever came is somewhere').toBe(claimed + claimFailures + evicted + depth)
    expect(depth).toBeLessThanOrEqual(scale.max)
    if (refill !== 'draining') expect(versions.reduce((sum, each) => sum + each.ready, 0)).toBe(depth)
    expect(versions.reduce((sum, each) => sum + each.hits, 0)).toBe(counters.hits)
  }
}
