import { expect } from 'vitest'
import type { EngineBed } from './engine-bed.ts'

/** What holds whenever nothing is under way: rows and host agree, nothing is stuck, nothing is shared that must not be. */
export async function assertInvariants(bed: EngineBed): Promise<void> {
  const machines = await bed.engine.machines.list({ all: true })
  const live = machines.filter((each) => each.state === 'running' || each.state === 'paused')
  const stuck = machines.filter((each) => each.state === 'starting' || each.state === 'stopping')
  expect(stuck, 'no machine is stuck').toEqual([])

  const onHost = await bed.driver.list()
  const states = (rows: readonly { readonly id: string; readonly state: string }[]) =>
    rows.map(({ id, state }) => `${id} ${state}`).sort()
  expect(states(onHost), 'what is on the host is what the rows say').toEqual(states(live))

  const snapshots = await bed.engine.snapshots.list()
  const kept = snapshots.filter((each) => each.state === 'ready' || each.state === 'quarantined')
  expect(snapshots.filter((each) => each.state === 'creating' || each.state === 'deleting')).toEqual([])
  expect([...bed.host.snapshots.keys()].sort(), 'no file without a row').toEqual(kept.map((each) => each.id).sort())
  for (const folder of bed.host.snapshots.values()) expect(folder.published, 'nothing is half written').toBe(true)
  for (const fork of snapshots.filter((each) => each.kind === 'fork')) {
    const used = live.some((each) => each.restoredFrom === fork.id) || snapshots.some((each) => each.parent === fork.id)
    expect(used, `fork ${fork.id} is in use`).toBe(true)
  }

  for (const field of [
    (each: (typeof live)[number]) => each.name ?? each.id,
    (each: (typeof live)[number]) => each.network.address,
    (each: (typeof live)[number]) => each.network.mac,
    (each: (typeof live)[number]) => each.machineUuid,
  ]) {
    expect(new Set(live.map(field)).size, 'no two live machines share it').toBe(live.length)
  }
  for (const machine of live.filter((each) => each.state === 'running')) {
    expect(machine.receipt, `${machine.id} is proven`).toBeDefined()
    expect(await bed.run(machine, 'identity')).toBe(`${machine.machineUuid} ${machine.hostname}`)
  }
  for (const machine of machines.filter((each) => !live.includes(each))) {
    expect(await bed.store.machines.getSecrets(machine.id), `the secrets of ${machine.id} are forgotten`).toBeUndefined()
  }
}
