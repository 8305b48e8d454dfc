import type { Machine } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

const minuteMs = 60_000

/** A bed whose engine has died; `restart` puts another one in its place. */
async function prepared(name = 'web') {
  const bed = await new EngineBed({ reconcileIntervalMs: minuteMs }).start()
  await bed.template({ env: { FROM: 'template' } })
  const machine = await bed.engine.launch({ template: 'base', name, secrets: { KEY: 'hush' } })
  return { bed, machine }
}

describe('a restarted engine', () => {
  it('takes over what runs and what stands still, and enters with the token on record', async () => {
    const { bed, machine } = await prepared()
    const still = await bed.engine.launch({ template: 'base' })
    await bed.engine.machines.pause(still.id)
    const report = await bed.restart()
    expect(new Set(report.adopted)).toEqual(new Set([machine.id, still.id]))
    expect(report).toMatchObject({ lost: [], orphans: [], rolledBack: [], snapshots: [], templates: [] })
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ FROM: 'template', KEY: 'hush' })
    expect(await bed.engine.machines.resume(still.id)).toMatchObject({ state: 'running' })
    const next = await bed.engine.launch({ template: 'base' })
    expect(next.network.address).not.toBe(machine.network.address)
  })

  it('marks what is gone lost, and cleans up after it', async () => {
    const { bed, machine } = await prepared()
    bed.fuse.blow()
    bed.host.crash(machine.id)
    const report = await bed.restart()
    expect(report.lost).toEqual([machine.id])
    expect(await bed.engine.machines.get(machine.id)).toMatchObject({ state: 'lost', endedAt: expect.any(Number) })
    expect(bed.onHost().machines).toEqual([])
    expect(await bed.store.machines.getSecrets(machine.id)).toBeUndefined()
    await bed.engine.launch({ template: 'base', name: 'web' })
  })

  it('destroys what no row knows', async () => {
    const { bed, machine } = await prepared()
    const stranger = { ...machine, id: 'm-aaaaaaaaaaaaaaaa' as Machine['id'], egress: 'none' as const }
    await bed.driver.boot(stranger)
    expect((await bed.restart()).orphans).toEqual([stranger.id])
    expect(bed.onHost().machines).toEqual([machine.id])
  })

  it('rolls back a launch that was under way', async () => {
    const { bed } = await prepared()
    const held = bed.host.faults.hold('connect')
    void bed.engine.launch({ template: 'base', name: 'half' })
    await held.reached
    const [half] = (await bed.engine.machines.list()).filter((each) => each.name === 'half')
    const report = await bed.restart()
    expect(report.rolledBack).toEqual([half?.id])
    expect(await bed.engine.machines.get(half?.id ?? '')).toMatchObject({
      state: 'failed',
      failure: expect.stringContaining('ended'),
    })
    expect(bed.host.machines.size).toBe(1)
    await bed.engine.launch({ template: 'base', name: 'half' })
  })

  it('finishes an end that was under way', async () => {
    const { bed, machine } = await prepared()
    const held = bed.host.faults.hold('destroy')
    void bed.engine.machines.destroy('web')
    await held.reached
    expect((await bed.restart()).rolledBack).toEqual([machine.id])
    expect(await bed.engine.machines.get(machine.id)).toMatchObject({ state: 'stopped' })
    expect(bed.onHost().machines).toEqual([])
  })

  it('lets the source of a half-made snapshot go on with all it was given', async () => {
    const { bed, machine } = await prepared()
    const held = bed.host.faults.hold('write')
    void bed.engine.snapshots.create('web')
    await held.reached
    expect((await bed.driver.list()).map((each) => each.state)).toEqual(['paused'])
    const report = await bed.restart()
    expect(report.snapshots).toHaveLength(1)
    expect(await bed.engine.snapshots.list({ machine: 'web' })).toMatchObject([{ state: 'failed' }])
    expect(bed.host.snapshots.size).toBe(1)
    expect(await bed.engine.machines.get('web')).toMatchObject({ state: 'running' })
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ FROM: 'template', KEY: 'hush' })
  })

  it('follows the host when a pause fell between host and row', async () => {
    const { bed, machine } = await prepared()
    await bed.driver.pause(machine.id)
    await bed.restart()
    expect(await bed.engine.machines.get('web')).toMatchObject({ state: 'paused' })
    await bed.driver.resume(machine.id)
    await bed.restart()
    expect(await bed.driver.list()).toMatchObject([{ state: 'paused' }])
    expect(await bed.engine.machines.resume('web')).toMatchObject({ state: 'running' })
  })

  it('removes the files of snapshots that no row knows, and quarantines rows without files', async () => {
    const { bed } = await prepared()
    const known = await bed.engine.snapshots.create('web')
    const files = bed.host.snapshots.get(known.id)
    bed.host.snapshots.delete(known.id)
    if (files) bed.host.snapshots.set('s-aaaaaaaaaaaaaaaa' as typeof known.id, files)
    const report = await bed.restart()
    expect(new Set(report.snapshots)).toEqual(new Set([known.id, 's-aaaaaaaaaaaaaaaa']))
    expect(await bed.engine.snapshots.show(known.id)).toMatchObject({ state: 'quarantined', failure: 'its files are gone' })
    expect(bed.host.snapshots.size).toBe(1)
  })

  it('collects a fork whose clones all ended while nobody watched', async () => {
    const { bed } = await prepared()
    const { results, snapshotId } = await bed.engine.fork('web', { count: 2 })
    bed.fuse.blow()
    for (const each of results) if ('machine' in each) bed.host.crash(each.machine.id)
    await bed.restart()
    await expect(bed.engine.snapshots.show(snapshotId)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(bed.host.machines.size).toBe(1)
    expect(bed.host.snapshots.size).toBe(1)
  })

  it.each(['build', 'boot', 'snapshot', 'write', 'publish_snapshot', 'restore', 'connect'] as const)(
    'leaves nothing of a build that died at %s',
    async (point) => {
      const bed = await new EngineBed().start()
      const held = bed.host.faults.hold(point)
      void bed.template()
      await held.reached
      const report = await bed.restart()
      expect(report.templates).toEqual(['base@1'])
      expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
      expect(await bed.engine.templates.list()).toMatchObject([{ state: 'failed', failure: expect.stringContaining('ended') }])
      expect(await bed.template()).toMatchObject({ state: 'ready' })
    },
  )

  it('leaves everything as it is when the driver cannot look at its host', async () => {
    const { bed, machine } = await prepared()
    const snapshot = await bed.engine.snapshots.create('web')
    bed.host.faults.fail('adopt')
    const nothing = { adopted: [], lost: [], rolledBack: [], orphans: [], snapshots: [], templates: [], forgottenRequests: 0 }
    expect(await bed.restart()).toEqual(nothing)
    expect(await bed.engine.machines.get('web')).toMatchObject({ state: 'running' })
    expect(await bed.engine.snapshots.show(snapshot.id)).toMatchObject({ state: 'ready' })
    expect((await bed.restart()).adopted).toEqual([machine.id])
  })

  it('finds the machines of one that was closed, and nothing of the launch that was under way', async () => {
    const { bed, machine } = await prepared()
    const held = bed.host.faults.hold('restore')
    const launch = bed.engine.launch({ template: 'base', name: 'half' })
    await held.reached
    const closing = bed.engine.close()
    await expect(launch).rejects.toMatchObject({ code: 'cancelled', message: expect.stringContaining('ending') })
    await closing
    expect(bed.onHost().machines).toEqual([machine.id])
    expect((await bed.restart()).adopted).toEqual([machine.id])
    expect(await bed.run(machine, 'echo', 'on')).toBe('on')
  })

  it('settles the others when one machine resists', async () => {
    const { bed, machine } = await prepared()
    const other = await bed.engine.launch({ template: 'base' })
    bed.fuse.blow()
    bed.host.crash(machine.id)
    bed.host.crash(other.id)
    bed.host.faults.fail('destroy', new Error('stuck'))
    const report = await bed.restart()
    expect(report.lost).toHaveLength(2)
    expect(bed.host.machines.size).toBe(1)
    await bed.restart()
    expect(bed.host.machines.size).toBe(0)
  })
})

describe('a running engine', () => {
  it('looks again every minute, without a word when all is well', async () => {
    const { bed, machine } = await prepared()
    await bed.engine.snapshots.create('web')
    const before = bed.onHost()
    expect(await bed.engine.reconcile()).toEqual({
      adopted: [],
      lost: [],
      rolledBack: [],
      orphans: [],
      snapshots: [],
      templates: [],
      forgottenRequests: 0,
    })
    expect(bed.onHost()).toEqual(before)
    // Behind everybody's back: not even its end is told.
    bed.host.machines.delete(machine.id)
    bed.clock.advance(minuteMs)
    await expect.poll(async () => (await bed.engine.machines.get(machine.id)).state).toBe('lost')
  })

  it('destroys what no row knows, and finishes what somebody could not', async () => {
    const { bed, machine } = await prepared()
    const stranger = { ...machine, id: 'm-aaaaaaaaaaaaaaaa' as Machine['id'], egress: 'none' as const }
    await bed.driver.boot(stranger)
    bed.host.faults.fail('destroy', new Error('stuck'))
    await expect(bed.engine.machines.destroy('web')).rejects.toThrow('stuck')
    expect(bed.onHost().machines).toHaveLength(2)
    expect(new Set((await bed.engine.reconcile()).orphans)).toEqual(new Set([stranger.id, machine.id]))
    expect(bed.onHost().machines).toEqual([])
  })

  it.each(['restore', 'boot', 'connect'] as const)('leaves a launch at %s alone', async (point) => {
    const { bed } = await prepared()
    const held = bed.host.faults.hold(point)
    const launching = bed.engine.launch({ template: 'base', ...(point === 'boot' && { boot: 'cold' }) })
    await held.reached
    const quiet = { lost: [], rolledBack: [], orphans: [] }
    expect(await bed.engine.reconcile()).toMatchObject(quiet)
    held.release()
    const { id } = await launching
    expect(await bed.engine.reconcile()).toMatchObject(quiet)
    expect(await bed.engine.machines.get(id)).toMatchObject({ state: 'running' })
  })

  it.each(['build', 'boot', 'write', 'restore'] as const)('leaves a build at %s alone', async (point) => {
    const { bed } = await prepared()
    const held = bed.host.faults.hold(point)
    const building = bed.template({ name: 'other' })
    await held.reached
    expect(await bed.engine.reconcile()).toMatchObject({ orphans: [], snapshots: [], templates: [] })
    held.release()
    expect(await building).toMatchObject({ state: 'ready' })
  })

  it.each(['snapshot', 'write', 'publish_snapshot'] as const)('leaves a snapshot at %s alone', async (point) => {
    const { bed } = await prepared()
    const held = bed.host.faults.hold(point)
    const making = bed.engine.snapshots.create('web')
    await held.reached
    expect(await bed.engine.reconcile()).toMatchObject({ snapshots: [] })
    held.release()
    expect(await making).toMatchObject({ state: 'ready' })
    expect(await bed.engine.reconcile()).toMatchObject({ snapshots: [] })
  })

  it('leaves a copy alone that is being made', async () => {
    const { bed } = await prepared()
    const { id } = await bed.engine.snapshots.create('web')
    const held = bed.host.faults.hold('copy')
    const copying = bed.engine.snapshots.copy(id)
    await held.reached
    expect(await bed.engine.reconcile()).toMatchObject({ snapshots: [] })
    held.release()
    expect(await copying).toMatchObject({ state: 'ready' })
  })

  it('rolls back a snapshot that nobody is making any more, and finishes a removal', async () => {
    const { bed } = await prepared()
    const first = await bed.engine.snapshots.create('web')
    const second = await bed.engine.snapshots.create('web')
    await bed.store.snapshots.update(first.id, first.rev, { state: 'creating', manifest: undefined })
    await bed.store.snapshots.update(second.id, second.rev, { state: 'deleting' })
    expect(new Set((await bed.engine.reconcile()).snapshots)).toEqual(new Set([first.id, second.id]))
    expect(await bed.engine.snapshots.show(first.id)).toMatchObject({ state: 'failed' })
    await expect(bed.engine.snapshots.show(second.id)).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(bed.host.snapshots.size).toBe(1)
  })

  it('notices files that came or went', async () => {
    const { bed } = await prepared()
    const known = await bed.engine.snapshots.create('web')
    await bed.engine.reconcile()
    const files = bed.host.snapshots.get(known.id)
    bed.host.snapshots.delete(known.id)
    const stray = 's-aaaaaaaaaaaaaaaa' as typeof known.id
    if (files) bed.host.snapshots.set(stray, files)
    expect(new Set((await bed.engine.reconcile()).snapshots)).toEqual(new Set([known.id, stray]))
    expect(await bed.engine.snapshots.show(known.id)).toMatchObject({ state: 'quarantined' })
    expect(await bed.engine.reconcile()).toMatchObject({ snapshots: [] })
  })

  it('settles a template that nobody builds or removes any more, and drops images that no row knows', async () => {
    const { bed } = await prepared()
    const other = await bed.template({ name: 'other' })
    await bed.store.templates.update(other.ref, other.rev, { state: 'deleting' })
    const image = bed.host.templates.get(other.ref)
    const stray = 'gone@7' as typeof other.ref
    if (image) bed.host.templates.set(stray, image)
    expect(new Set((await bed.engine.reconcile()).templates)).toEqual(new Set([other.ref, stray]))
    expect(bed.onHost().templates).toEqual(['base@1'])
    await expect(bed.engine.templates.show('other')).rejects.toMatchObject({ code: 'template_not_found' })
  })

  it('leaves what belongs to another host alone', async () => {
    const { bed } = await prepared()
    const row = await bed.engine.machines.get('web')
    const elsewhere = { ...row, id: 'm-bbbbbbbbbbbbbbbb' as Machine['id'], name: undefined, host: 'h-1111111111111111' }
    await bed.store.machines.insert(elsewhere)
    expect(await bed.engine.reconcile()).toMatchObject({ lost: [] })
    expect(await bed.engine.machines.get(elsewhere.id)).toMatchObject({ state: 'running' })
  })

  it('keeps looking after a store that did not answer', async () => {
    const { bed, machine } = await prepared()
    const live = bed.store.machines.live
    bed.store.machines.live = () => Promise.reject(new Error('down'))
    bed.clock.advance(minuteMs)
    await new Promise((resolve) => setImmediate(resolve))
    bed.store.machines.live = live
    bed.host.machines.delete(machine.id)
    bed.clock.advance(minuteMs)
    await expect.poll(async () => (await bed.engine.machines.get(machine.id)).state).toBe('lost')
  })
})
