import { driverError } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'
import { noPool } from './support/no-pool.ts'

const nothing = { machines: [], snapshots: [], templates: [] }

describe('a launch', () => {
  it('is restored from the template snapshot, and says where the time went', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine).toMatchObject({
      state: 'running',
      hostname: machine.id,
      boot: { method: 'restored', reasons: [noPool], poolHit: false },
    })
    expect(Object.keys(machine.boot?.phasesMs ?? {})).toEqual(['plan', 'restore', 'connect', 'personalise'])
    expect(machine.receipt?.identify.map((item) => item.name)).toContain('entropy')
    expect(bed.onHost().machines).toEqual([machine.id])
    expect(await bed.run(machine, 'identity')).toBe(`${machine.machineUuid} ${machine.id}`)
  })

  it('writes its row twice and no more', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine.rev).toBe(2)
  })

  it('gives name, host name, variables, secrets, files and labels', async () => {
    const bed = await new EngineBed().start()
    await bed.template({ env: { FROM: 'template', BOTH: 'template' } })
    const machine = await bed.engine.launch({
      template: 'base@1',
      name: 'my.web_1',
      env: { BOTH: 'launch' },
      secrets: { KEY: 'hush' },
      files: [{ path: '/root/hello', content: Buffer.from('hi'), mode: 0o600 }],
      labels: { team: 'a' },
    })
    expect(machine).toMatchObject({
      name: 'my.web_1',
      hostname: 'my-web-1',
      config: { env: { BOTH: 'launch' }, labels: { team: 'a' } },
    })
    expect(JSON.parse(await bed.run(machine, 'env'))).toEqual({ FROM: 'template', BOTH: 'launch', KEY: 'hush' })
    expect(bed.guests.at(-1)?.readFile('/root/hello')?.toString()).toBe('hi')
    expect(JSON.stringify(await bed.engine.machines.list({ all: true }))).not.toContain('hush')
    expect((await bed.engine.machines.get('my.web_1')).id).toBe(machine.id)
  })

  it('boots cold when that is asked for, and runs the start command until it is ready', async () => {
    const bed = await new EngineBed().start()
    await bed.template({ start: ['serve', '80'], ready: { kind: 'port', port: 80 } })
    const machine = await bed.patiently(bed.engine.launch({ template: 'base', boot: 'cold' }))
    expect(machine.boot).toMatchObject({ method: 'cold', reasons: [{ code: 'requested' }] })
    expect(machine.restoredFrom).toBeUndefined()
    expect(Object.keys(machine.boot?.phasesMs ?? {})).toEqual(['plan', 'boot', 'connect', 'personalise', 'ready'])
  })

  it('boots cold for other resources than the snapshot has', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const machine = await bed.engine.launch({ template: 'base', resources: { memoryMiB: 512 } })
    expect(machine.resources.memoryMiB).toBe(512)
    expect(machine.boot).toMatchObject({ method: 'cold', reasons: [noPool, { code: 'snapshot_incompatible' }] })
  })

  it('refuses a name that a live machine bears, and takes one that is free again', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const [first, second] = await Promise.allSettled([1, 2].map(() => bed.engine.launch({ template: 'base', name: 'web' })))
    const outcomes = [first, second].map((each) => each?.status).sort()
    expect(outcomes).toEqual(['fulfilled', 'rejected'])
    expect(bed.host.machines.size).toBe(1)
    await expect(bed.engine.launch({ template: 'base', name: 'web' })).rejects.toMatchObject({ code: 'name_taken' })
    await bed.engine.machines.destroy('web')
    await bed.engine.launch({ template: 'base', name: 'web' })
  })

  it.each([
    ['snapshot_corrupt', 'Corrupt'],
    ['snapshot_incompatible', 'Incompatible'],
    ['snapshot_missing', 'NotFound'],
    ['driver_unavailable', 'Unavailable'],
    ['driver_unavailable', 'Timeout'],
  ] as const)('boots cold with the reason %s when the restore fails as %s', async (code, kind) => {
    const bed = await new EngineBed().start()
    await bed.template()
    bed.host.faults.fail('restore', driverError(kind, 'made to fail'))
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine.boot).toMatchObject({ method: 'cold', reasons: [noPool, { code, detail: 'made to fail' }] })
    await bed.engine.close()
    expect(bed.onHost().machines).toEqual([machine.id])
  })

  it('fails, rather than boot cold, when a restore was demanded', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    bed.host.faults.fail('restore', driverError('Unavailable', 'made to fail'))
    await expect(bed.engine.launch({ template: 'base', boot: 'restored' })).rejects.toMatchObject({ code: 'driver_unavailable' })
    expect(bed.onHost().machines).toEqual([])
    expect(await bed.engine.machines.list()).toEqual([])
    expect(await bed.engine.machines.list({ all: true })).toMatchObject([{ state: 'failed', failure: 'made to fail' }])
  })

  it('takes a damaged template snapshot out of use, and mends it while launches boot cold', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const [snapshot] = await bed.engine.snapshots.list()
    if (!snapshot) throw new Error('no snapshot')
    bed.host.flipByte(snapshot.id)
    const mended = new Promise<void>((resolve) => {
      bed.engine.events.subscribe((event) => {
        if (event.kind === 'snapshot' && event.removed) resolve()
      })
    })
    const machine = await bed.engine.launch({ template: 'base' })
    expect(machine.boot).toMatchObject({ method: 'cold', reasons: [noPool, { code: 'snapshot_corrupt' }] })
    await mended
    const after = await bed.engine.launch({ template: 'base' })
    expect(after.boot).toMatchObject({ method: 'restored' })
    expect(after.boot?.snapshotId).not.toBe(snapshot.id)
    expect(await bed.engine.snapshots.list()).toHaveLength(1)
  })

  it.each(['restore', 'connect', 'boot'] as const)('that is cancelled while it hangs at %s leaves nothing', async (point) => {
    const bed = await new EngineBed().start()
    await bed.template()
    const held = bed.host.faults.hold(point)
    const abort = new AbortController()
    const boot = point === 'boot' ? 'cold' : 'auto'
    const launch = bed.engine.launch({ template: 'base', boot, name: 'web' }, { signal: abort.signal })
    await held.reached
    abort.abort()
    await expect(launch).rejects.toMatchObject({ code: 'cancelled' })
    expect(bed.onHost().machines).toEqual([])
    expect(await bed.engine.machines.list({ all: true })).toMatchObject([{ state: 'failed', failure: 'cancelled' }])
    await bed.engine.launch({ template: 'base', name: 'web' })
  })

  it('that hangs ends at its deadline and boots cold', async () => {
    const bed = await new EngineBed({ restoreDeadlineMs: 5000 }).start()
    await bed.template()
    const held = bed.host.faults.hold('restore')
    const launch = bed.engine.launch({ template: 'base' })
    await held.reached
    bed.clock.advance(5000)
    expect((await launch).boot).toMatchObject({ method: 'cold', reasons: [noPool, { code: 'driver_unavailable' }] })
    expect(bed.host.machines.size).toBe(1)
  })

  it('whose machine ends meanwhile fails at once', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    bed.onGuest = (guest) => {
      guest.silent = true
      setImmediate(() => guest.options.onShutdown?.('poweroff'))
    }
    await expect(bed.engine.launch({ template: 'base', boot: 'restored' })).rejects.toMatchObject({ code: 'driver_unavailable' })
    expect(bed.onHost().machines).toEqual([])
  })

  it('of a machine that is ended meanwhile is cancelled', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const held = bed.host.faults.hold('restore')
    const launch = bed.engine.launch({ template: 'base' })
    await held.reached
    const [row] = await bed.engine.machines.list()
    const ended = bed.engine.machines.destroy(row?.id ?? '')
    await expect(launch).rejects.toMatchObject({ code: 'cancelled' })
    await ended
    expect(bed.onHost().machines).toEqual([])
  })

  it('does not begin without a template', async () => {
    const bed = await new EngineBed().start()
    await expect(bed.engine.launch({ template: 'none' })).rejects.toMatchObject({ code: 'template_not_found' })
    await expect(bed.engine.launch({ template: 'none@3' })).rejects.toMatchObject({ code: 'template_not_found' })
    await expect(bed.engine.launch({ snapshot: 's-aaaaaaaaaaaaaaaa' })).rejects.toMatchObject({ code: 'snapshot_not_found' })
    expect(bed.onHost()).toEqual(nothing)
    expect(await bed.engine.machines.list({ all: true })).toEqual([])
  })
})
