import { driverError } from '@hearth/model'
import { describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'
import { noPool } from './support/no-pool.ts'

const start = ['serve', '80']
const port = { kind: 'port', port: 80 } as const

describe('a template', () => {
  it('is built, served, frozen and proven before it is ready, and only its snapshot is left', async () => {
    const bed = await new EngineBed().start()
    const steps: string[] = []
    const template = await bed.patiently(
      bed.engine.templates.build(
        { name: 'web', source: { kind: 'builtin', name: 'base' }, start, ready: port },
        { progress: (step) => steps.push(step) },
      ),
    )
    expect(template).toMatchObject({ ref: 'web@1', state: 'ready', version: 1 })
    expect([...new Set(steps)]).toEqual([
      'reading the source',
      'building',
      'booting',
      'waiting until it is ready',
      'freezing',
      'proving the snapshot by a restore',
    ])
    const [snapshot] = await bed.engine.snapshots.list()
    expect(snapshot).toMatchObject({ kind: 'template', state: 'ready', template: 'web@1', manifest: { quality: 'memory+disk' } })
    expect(snapshot?.manifest?.compatibility.guestProtocol).toBe(1)
    expect(bed.onHost()).toEqual({ machines: [], snapshots: [snapshot?.id], templates: ['web@1'] })
  })

  it('is not built again while nothing has changed, whatever it is asked with the keys in', async () => {
    const bed = await new EngineBed().start()
    const first = await bed.template({ env: { A: '1', B: '2' } })
    const again = await bed.template({ env: { B: '2', A: '1' } })
    expect(again).toEqual(first)
    expect(await bed.engine.templates.list()).toHaveLength(1)
  })

  it.each([
    ['another variable', { env: { A: '2' } }],
    ['another size', { resources: { vcpus: 2, memoryMiB: 128, diskMiB: 64 } }],
    ['another start command', { start: ['sleep', '1000000'] }],
    ['another image', { source: { kind: 'debian', suite: 'bookworm', include: ['python3'] } as const }],
    ['another egress', { egress: 'open' } as const],
  ])('becomes a new version for %s', async (_what, change) => {
    const bed = await new EngineBed().start()
    await bed.template()
    expect((await bed.template(change)).ref).toBe('base@2')
    expect((await bed.engine.templates.show('base')).version).toBe(2)
    expect((await bed.engine.templates.show('base@1')).version).toBe(1)
  })

  it('becomes a new version when the content of its image changed, or when that is asked for', async () => {
    const bed = await new EngineBed().start()
    bed.host.images.set('/images/a.tar', 'one')
    const source = { kind: 'tar', path: '/images/a.tar' } as const
    await bed.template({ source })
    bed.host.images.set('/images/a.tar', 'two')
    expect((await bed.template({ source })).version).toBe(2)
    expect((await bed.template({ source })).version).toBe(2)
    const forced = bed.engine.templates.build(
      { name: 'base', source, resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 } },
      { noCache: true },
    )
    expect((await bed.patiently(forced)).version).toBe(3)
  })

  it('gets a new snapshot when it is built again after it lost its own', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const [before] = await bed.engine.snapshots.list()
    await bed.engine.snapshots.remove(before?.id ?? '')
    expect((await bed.engine.launch({ template: 'base' })).boot).toMatchObject({
      method: 'cold',
      reasons: [noPool, { code: 'snapshot_missing' }],
    })
    expect((await bed.template()).version).toBe(1)
    expect((await bed.engine.launch({ template: 'base' })).boot?.method).toBe('restored')
  })

  it.each(['build', 'publish_template', 'boot', 'snapshot', 'write', 'publish_snapshot', 'restore'] as const)(
    'that fails at %s leaves a row that says why, and nothing else',
    async (point) => {
      const bed = await new EngineBed().start()
      bed.host.faults.fail(point, driverError('Unavailable', 'made to fail'))
      await expect(bed.template()).rejects.toMatchObject({ code: 'driver_unavailable', message: 'made to fail' })
      expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
      expect(await bed.engine.snapshots.list()).toEqual([])
      expect(await bed.engine.templates.list()).toMatchObject([{ state: 'failed', failure: 'made to fail' }])
      await expect(bed.engine.launch({ template: 'base' })).rejects.toMatchObject({ code: 'state_conflict' })
      expect(await bed.template()).toMatchObject({ state: 'ready' })
      expect(await bed.engine.templates.list()).toHaveLength(1)
    },
  )

  it.each(['build', 'boot', 'snapshot', 'write', 'restore'] as const)(
    'that is cancelled at %s leaves nothing at all',
    async (point) => {
      const bed = await new EngineBed().start()
      const abort = new AbortController()
      const held = bed.host.faults.hold(point)
      const building = bed.engine.templates.build(
        { name: 'base', source: { kind: 'builtin', name: 'base' } },
        { signal: abort.signal },
      )
      await held.reached
      abort.abort()
      await expect(building).rejects.toMatchObject({ code: 'cancelled' })
      expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
      expect(await bed.engine.templates.list()).toEqual([])
      expect(await bed.engine.snapshots.list()).toEqual([])
    },
  )

  it('whose restored machine does not prove itself is not ready', async () => {
    const bed = await new EngineBed().start()
    let machines = 0
    bed.onGuest = (guest) => {
      machines++
      if (machines === 2) guest.lie = (items) => items.filter((item) => item.name !== 'generation')
    }
    await expect(bed.template()).rejects.toMatchObject({ code: 'personalise_failed' })
    expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
  })

  it('cannot be removed while a machine or a snapshot of it is there', async () => {
    const bed = await new EngineBed().start()
    await bed.template()
    const machine = await bed.engine.launch({ template: 'base' })
    const snapshot = await bed.engine.snapshots.create(machine.id)
    await expect(bed.engine.templates.remove('base')).rejects.toMatchObject({
      code: 'template_in_use',
      details: { machines: [machine.id] },
    })
    await bed.engine.machines.destroy(machine.id)
    await expect(bed.engine.templates.remove('base')).rejects.toMatchObject({
      code: 'template_in_use',
      details: { snapshots: [snapshot.id] },
    })
    await bed.engine.snapshots.remove(snapshot.id)
    await bed.engine.templates.remove('base')
    expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
    expect(await bed.engine.snapshots.list()).toEqual([])
    await expect(bed.engine.templates.show('base')).rejects.toMatchObject({ code: 'template_not_found' })
  })
})

describe('a ready check', () => {
  const failure = (bed: EngineBed, ready: Parameters<EngineBed['template']>[0]) =>
    bed.template({ readyTimeoutMs: 2000, ...ready }).then(
      () => undefined,
      (error: unknown) => error,
    )

  it.each([
    ['a port', { start, ready: port }],
    ['a command', { start: ['sleep', '1000000'], ready: { kind: 'command', argv: ['true'] } as const }],
    [
      'a line of the log',
      { start: ['say', 'listening on', 'port 80 (tcp)'], ready: { kind: 'log', pattern: 'port 80 (tcp)' } as const },
    ],
    [
      'a pattern in the log',
      { start: ['say', 'listening on 8080'], ready: { kind: 'log', pattern: '/LISTENING ON \\d+/i' } as const },
    ],
    ['a command without a start command', { ready: { kind: 'command', argv: ['true'] } as const }],
    [
      'the first look after a start command that ends well',
      { start: ['true'], ready: { kind: 'command', argv: ['true'] } as const },
    ],
    [
      'the last line of a start command that ends',
      { start: ['echo', 'all is up'], ready: { kind: 'log', pattern: 'all is up' } as const },
    ],
  ])('passes by %s', async (_what, request) => {
    const bed = await new EngineBed().start()
    expect(await bed.template(request)).toMatchObject({ state: 'ready' })
  })

  it('that never passes ends at its deadline, with what was said last', async () => {
    const bed = await new EngineBed().start()
    const start = ['say', 'x'.repeat(5000), 'still loading']
    const error = await failure(bed, { start, ready: { kind: 'port', port: 81 } })
    expect(error).toMatchObject({ code: 'ready_check_failed', details: { console: expect.stringContaining('guest agent') } })
    const { output } = (error as { details: { output: string } }).details
    expect(output).toMatch(/^x+ still loading\n$/)
    expect(Buffer.byteLength(output)).toBe(4096)
    expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
  })

  it.each([
    ['badly', ['fail', '3'], 3],
    ['well, leaving nothing behind', ['fail', '0'], 0],
  ])('fails at once when the start command ends %s', async (_how, start, exitCode) => {
    const bed = await new EngineBed().start()
    const before = bed.clock.now()
    const error = await failure(bed, { start, ready: { kind: 'port', port: 81 } })
    expect(error).toMatchObject({ code: 'ready_check_failed', details: { exitCode, output: 'it is over\n' } })
    expect(bed.clock.now() - before).toBeLessThan(1000)
  })

  it('fails when the start command does not exist', async () => {
    const bed = await new EngineBed().start()
    const error = await failure(bed, { start: ['no-such-program'], ready: port })
    expect(error).toMatchObject({ code: 'ready_check_failed', message: expect.stringContaining('no-such-program') })
  })

  it('ends at once when the machine does', async () => {
    const bed = await new EngineBed().start()
    bed.onGuest = (guest) => {
      void bed.clock.sleep(20).then(() => guest.options.onShutdown?.('poweroff'))
    }
    const error = await failure(bed, {
      start: ['sleep', '1000000'],
      ready: { kind: 'port', port: 81 },
      readyTimeoutMs: 3_600_000,
    })
    expect(error).toMatchObject({ message: expect.stringContaining('poweroff') })
    expect(bed.onHost()).toEqual({ machines: [], snapshots: [], templates: [] })
  })

  it('gives up on a pattern that takes for ever', async () => {
    const bed = await new EngineBed().start()
    const error = await failure(bed, { start: ['say', `${'a'.repeat(60)}!`], ready: { kind: 'log', pattern: '/(a+)+$/' } })
    expect(error).toMatchObject({ code: 'ready_check_failed', message: expect.stringContaining('100 ms') })
  })
})
