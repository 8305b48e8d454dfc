import { execFile } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createQemuDriver } from '@hearth/drivers'
import type { Engine, NamespaceEngine } from '@hearth/engine'
import { type Machine, silentLog } from '@hearth/model'
import { openSqliteStore } from '@hearth/store'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type QemuBed, qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { realEngine, runIn } from './support/real-engine.ts'

const run = promisify(execFile)
const host = 'h-0000000000000000'
const dayMs = 86_400_000

let bed: QemuBed
let engine: Engine
let source: Machine

const storeOf = (home: string) => openSqliteStore({ path: join(home, 'hearth.db'), host, log: silentLog })

beforeAll(async () => {
  bed = await qemuBed()
  writeFileSync(join(bed.home, 'host-id'), `${host}\n`)
  engine = realEngine(bed.driver, await storeOf(bed.home), { cleanerIntervalMs: 0 })
  await engine.start()
  await engine.namespaces.create({ name: 'team' })
  await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources })
  source = await engine.launch({ template: 'base', name: 'web', env: { COLOUR: 'blue' } })
  await runIn(engine, 'web', 'sh', '-c', 'echo frozen > /root/mark && sync')
})
afterAll(() => bed?.close())

/** What a machine remembers of the source's work, and the environment its programs have. */
async function remembers({ machines }: Pick<NamespaceEngine, 'machines'>, { id }: Machine): Promise<string> {
  const { output } = await runIn({ machines }, id, 'sh', '-c', 'cat /root/mark 2>/dev/null || echo nothing; echo $COLOUR')
  return output.toString().trim().replace('\n', ' ')
}

describe('a snapshot of a real machine', () => {
  it('is copied into another namespace without taking its bytes twice, and lives on there', async () => {
    const original = await engine.snapshots.create('web')
    const copy = await engine.snapshots.copy(original.id, { namespace: 'team' })
    const file = (id: string) => statSync(join(bed.home, 'snapshots', id, 'ram'))
    expect(file(copy.id).ino).toBe(file(original.id).ino)
    await engine.snapshots.remove(original.id)
    expect(existsSync(join(bed.home, 'snapshots', original.id))).toBe(false)
    const team = engine.in('team')
    expect(await team.snapshots.verify(copy.id)).toMatchObject({ ok: true })
    const { machine } = await team.snapshots.restore(copy.id, {})
    expect(await remembers(team, machine)).toBe('frozen blue')
    await expect(team.snapshots.remove(copy.id)).rejects.toMatchObject({ code: 'snapshot_in_use' })
    await team.snapshots.remove(copy.id, { force: true })
    expect(await bed.traces(copy.id)).toEqual([])
    expect(await engine.namespaces.usage('team')).toEqual({ liveMachines: 0, snapshots: 0, snapshotBytes: 0 })
  })

  it('whose time is over gives a fresh machine, unless it is forced', async () => {
    const { id } = await engine.snapshots.create('web', { ttlMs: 1 })
    const fresh = await engine.snapshots.restore(id, {})
    expect(fresh).toMatchObject({
      restoredFromSnapshot: false,
      ttlExpired: true,
      machine: { restoredFrom: source.restoredFrom, boot: { method: 'restored' } },
    })
    expect(fresh.machine.boot?.reasons).toContainEqual(expect.objectContaining({ code: 'snapshot_expired' }))
    expect(await remembers(engine, fresh.machine)).toBe('nothing blue')
    const forced = await engine.snapshots.restore(id, {}, { force: true })
    expect(forced).toMatchObject({ restoredFromSnapshot: true, ttlExpired: true })
    expect(await remembers(engine, forced.machine)).toBe('frozen blue')

    expect((await engine.retention.run()).removed, 'a clone of it lives').toEqual([])
    await engine.machines.destroy(forced.machine.id)
    const dry = await engine.retention.run({ dryRun: true })
    expect(dry.removed).toMatchObject([{ snapshot: id, reason: 'expired' }])
    const { removed, forgotten } = await engine.retention.run()
    expect(removed).toEqual(dry.removed)
    expect(forgotten).toMatchObject({ machines: 0 })
    expect(await bed.traces(id)).toEqual([])
  })

  it('comes back from a backup in another home', async () => {
    const { id } = await engine.snapshots.create('web', { ttlMs: dayMs, pinned: true })
    const folder = `${bed.home}-backup`
    const home = `${bed.home}-2`
    try {
      await backup('save', '--home', bed.home, '--folder', folder, '--with-files')
      const restored = await backup('restore', '--home', home, '--folder', folder)
      expect(restored).toMatchObject({ restored: true, missing: [], problems: [] })
      await goesOnIn(home, id)
    } finally {
      await rm(folder, { recursive: true, force: true })
      await rm(home, { recursive: true, force: true })
    }
  })
})

/** Another engine, on what the backup brought. */
async function goesOnIn(home: string, snapshot: string): Promise<void> {
  const assets = process.env.HEARTH_ASSETS ?? join(import.meta.dirname, '../../build')
  const driver = await createQemuDriver({ home, assets, acceleration: 'auto', log: silentLog })
  const store = await storeOf(home)
  const second = realEngine(driver, store, { cleanerIntervalMs: 0 })
  try {
    const { lost } = await second.start()
    expect(lost).toContain(source.id)
    const { machine, restoredFromSnapshot } = await second.snapshots.restore(snapshot, {})
    expect(restoredFromSnapshot).toBe(true)
    expect(await remembers(second, machine)).toBe('frozen blue')
    expect(await second.launch({ template: 'base' })).toMatchObject({ boot: { method: 'restored' } })
    for (const { id } of await second.machines.list()) await second.machines.destroy(id)
  } finally {
    for (const { id } of await driver.list()) await driver.destroy(id)
    await second.close()
    await store.close()
  }
}

async function backup(...args: string[]): Promise<unknown> {
  const program = join(import.meta.dirname, '../../packages/server/src/backup/main.ts')
  const { stdout } = await run(process.execPath, ['--conditions=hearth-source', program, ...args])
  return JSON.parse(stdout)
}
