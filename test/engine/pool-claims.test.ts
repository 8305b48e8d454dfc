import type { LaunchRequest } from '@hearth/engine'
import type { Machine } from '@hearth/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EngineBed } from './support/engine-bed.ts'

const host = 'h-0000000000000000'

let bed: EngineBed
const start = async (options = {}, template = {}) => {
  bed = await new EngineBed(options).start()
  await bed.template(template)
}
afterEach(() => bed.engine.close())

const fill = async (settings = {}) => {
  await bed.engine.pools.set('base', { settings: { min: 1, max: 3, concurrency: 3, ...settings } })
  return bed.patiently(bed.engine.pools.warm('base'))
}
const warm = (request: Partial<LaunchRequest> = {}) =>
  bed.patiently(bed.engine.launch({ template: 'base', boot: 'warm', ...request }))
const status = () => bed.engine.pools.get('base')
const memoryMachine = (id: Machine['id']) => bed.host.machines.get(id)

describe('a claim', () => {
  beforeEach(() => start())

  it('gives up an entry that does not answer in 250 ms, whatever it is assigned, and tries the next', async () => {
    await fill()
    const before = bed.clock.now()
    // Its driver does not come to continue it.
    const held = bed.host.faults.hold('resume')
    const files = [{ path: '/big', content: new Uint8Array(100_000), mode: 0o600 }]
    const launch = bed.engine.launch({ template: 'base', boot: 'warm', name: 'web', files })
    await held.reached
    const [dead] = await bed.engine.machines.list()
    bed.clock.advance(249)
    expect((await bed.engine.machines.get('web')).state).toBe('starting')
    bed.clock.advance(1)
    const machine = await launch
    expect(machine.id).not.toBe(dead?.id)
    expect(bed.clock.now() - before).toBe(250)
    expect(machine.boot).toMatchObject({
      method: 'warm',
      reasons: [{ code: 'entry_unhealthy', detail: expect.stringContaining('first answer') }],
    })
    held.release()
    await bed.patiently(bed.engine.settled())
    expect(await bed.store.machines.get(dead?.id as Machine['id'])).toBeUndefined()
    expect(bed.host.machines.has(dead?.id as Machine['id'])).toBe(false)
    expect(await status()).toMatchObject({
      counters: { claimed: 1, claimFailures: 1 },
      lastFailure: { stage: 'claim', machine: dead?.id },
    })
  })

  it('fails closed when the receipt is not proven, and falls back before it has cost the whole pool', async () => {
    await fill({ max: 4 })
    for (const guest of bed.guests) guest.lie = (items) => items.filter((item) => item.name !== 'entropy')
    const machine = await bed.patiently(bed.engine.launch({ template: 'base', name: 'web' }))
    expect(machine.boot).toMatchObject({
      method: 'restored',
      reasons: Array(3).fill({ code: 'personalise_failed' }),
    })
    await bed.patiently(bed.engine.settled())
    expect((await bed.driver.list()).filter((each) => each.state === 'running').map((each) => each.id)).toEqual([machine.id])
  })

  it('answers a repeated request once, also when the first entry fails', async () => {
    await fill()
    const record = { id: 'key', fingerprint: 'f', state: 'pending' as const, host, createdAt: bed.clock.now() }
    bed.host.faults.fail('resume')
    const machine = await bed.patiently(bed.engine.launch({ template: 'base', boot: 'warm' }, { idempotency: record }))
    expect(machine.boot?.reasons).toHaveLength(1)
    expect(await bed.store.idempotency.get('key')).toMatchObject({ resource: { kind: 'machine', id: machine.id } })
    await expect(bed.engine.launch({ template: 'base', boot: 'warm' }, { idempotency: record })).rejects.toMatchObject({
      code: 'store_conflict',
      details: { table: 'idempotency' },
    })
    // Whoever is refused has cost no entry.
    expect((await status()).depth).toBe(1)
  })

  it('takes no entry for a launch that is cancelled or whose name is taken', async () => {
    await fill()
    await warm({ name: 'web' })
    await expect(warm({ name: 'web' })).rejects.toMatchObject({ code: 'name_taken' })
    const abort = new AbortController()
    abort.abort()
    await expect(bed.engine.launch({ template: 'base' }, { signal: abort.signal })).rejects.toMatchObject({ code: 'cancelled' })
    expect((await status()).depth).toBe(2)
  })

  it('leaves nothing when it is cancelled half way', async () => {
    await fill()
    const held = bed.host.faults.hold('resume')
    const abort = new AbortController()
    const launch = bed.engine.launch({ template: 'base', boot: 'warm', name: 'web' }, { signal: abort.signal })
    await held.reached
    abort.abort()
    await expect(launch).rejects.toMatchObject({ code: 'cancelled' })
    held.release()
    await bed.patiently(bed.engine.settled())
    expect(await bed.engine.machines.list()).toEqual([])
    expect((await bed.driver.list()).length).toBe(2)
  })

  it('serves a version that is named by its own entries only', async () => {
    await fill()
    await bed.template({ env: { NEW: 'yes' } })
    await expect(warm({ template: 'base@2' })).rejects.toMatchObject({ code: 'boot_method_unavailable' })
    expect(await warm()).toMatchObject({ template: 'base@1' })
    await bed.engine.pools.set('base', { template: 'base@2' })
    expect(await warm({ template: 'base@1' })).toMatchObject({ template: 'base@1' })
    expect(await warm({ template: 'base@1' })).toMatchObject({ template: 'base@1' })
    await expect(warm({ template: 'base@1' })).rejects.toMatchObject({ code: 'boot_method_unavailable' })
  })

  it('is bound to its validators at once, and says why', async () => {
    await fill({ validators: [{ kind: 'command', argv: ['true'] }], max: 1 })
    for (const guest of bed.guests) guest.lie = undefined
    await bed.engine.pools.set('base', { settings: { validators: [{ kind: 'port', port: 81 }] } })
    await expect(warm()).rejects.toThrow(/validator port 81 failed/)
  })
})

describe('egress of a claimed machine', () => {
  beforeEach(() => start({}, { egress: 'open' }))

  it('begins without a link on the host, and has one only when it is to have one', async () => {
    await fill()
    for (const { id } of await bed.store.poolEntries.of(host)) expect(memoryMachine(id)?.hasLink).toBe(false)
    const open = await warm()
    expect([open.config.egress, memoryMachine(open.id)?.hasLink]).toEqual(['open', true])
    const none = await warm({ egress: 'none' })
    expect([none.config.egress, memoryMachine(none.id)?.hasLink]).toEqual(['none', false])
    expect(none.receipt?.assign.find((item) => item.name === 'link')?.evidence).toBe('down')
  })
})

describe('a machine of any boot method', () => {
  beforeEach(() => start({}, { egress: 'open', env: { SHARED: 'template', OWN: 'template' } }))

  it.each(['warm', 'restored', 'cold'] as const)('%s, has all that was asked for', async (boot) => {
    await fill()
    const machine = await bed.patiently(
      bed.engine.launch({
        template: 'base',
        boot,
        name: 'web',
        hostname: 'front',
        env: { OWN: 'launch' },
        secrets: { KEY: 'hush' },
        files: [{ path: '/etc/hello', content: Buffer.from('hello'), mode: 0o640 }],
        labels: { team: 'a' },
        egress: 'none',
        timeoutMs: 60_000,
        onTimeout: 'pause',
      }),
    )
    expect(machine).toMatchObject({
      name: 'web',
      hostname: 'front',
      state: 'running',
      driver: 'memory',
      template: 'base@1',
      resources: { vcpus: 1, memoryMiB: 128, diskMiB: 64 },
      config: {
        name: 'web',
        hostname: 'front',
        env: { OWN: 'launch' },
        labels: { team: 'a' },
        egress: 'none',
        onTimeout: 'pause',
      },
      boot: { method: boot, poolHit: boot === 'warm' },
      deadlineAt: bed.clock.now() + 60_000,
    })
    expect(machine.receipt?.identify.map((item) => item.name)).toEqual(
      expect.arrayContaining(['entropy', 'clock', 'machine_id', 'ssh_host_keys', 'address', 'generation']),
    )
    expect(machine.receipt?.assign.map((item) => item.name)).toEqual(
      expect.arrayContaining(['clock', 'entropy', 'hostname', 'env', 'secrets', 'files', 'token', 'link']),
    )
    expect(await bed.run(machine, 'identity')).toBe(`${machine.machineUuid} front`)
    expect(JSON.parse(await bed.run(machine, 'env'))).toMatchObject({ SHARED: 'template', OWN: 'launch', KEY: 'hush' })
    const session = await (await bed.engine.machines.guest('web')).session()
    expect(await session.stat('/etc/hello')).toMatchObject({ sizeBytes: 5, mode: 0o640 })
    await bed.engine.machines.extend('web', 120_000)
    bed.clock.advance(60_001)
    await bed.patiently(bed.engine.settled())
    expect((await bed.engine.machines.get('web')).state).toBe('running')
    bed.clock.advance(60_000)
    await bed.patiently(bed.engine.settled())
    expect((await bed.engine.machines.get(machine.id)).state).toBe('paused')
  })
})

describe('a launch whose environment does not fit beside its template’s', () => {
  const variables = (prefix: string) => Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${prefix}${n}`, 'x']))
  beforeEach(() => start({}, { env: variables('T') }))

  it('is refused, and the pool keeps what it has', async () => {
    await fill()
    await expect(warm({ env: variables('L') })).rejects.toMatchObject({ code: 'invalid_input' })
    expect((await status()).depth).toBe(3)
    expect((await bed.store.poolEntries.list()).length).toBe(3)
  })
})

describe('the memory of the host', () => {
  beforeEach(() => start({ hostMemoryMiB: 3 * 128 }))

  it('bounds pools and launches alike; what is idle gives way', async () => {
    await bed.engine.pools.set('base', { settings: { min: 2, max: 4, concurrency: 4 } })
    await expect(bed.patiently(bed.engine.pools.warm('base'))).rejects.toMatchObject({
      code: 'driver_busy',
      details: { budgetMiB: 384, promisedMiB: 384, wantedMiB: 128 },
    })
    expect(await status()).toMatchObject({ depth: 3, refill: 'host_full' })
    const cold = async () => bed.patiently(bed.engine.launch({ template: 'base', boot: 'cold' }))
    const machines = [await cold(), await cold(), await cold()]
    expect(await status()).toMatchObject({ depth: 0, refill: 'host_full' })
    await expect(cold()).rejects.toMatchObject({ code: 'driver_busy', message: expect.stringContaining('384 MiB') })
    const { boot } = await bed.engine.launch({ template: 'base' }).catch((error) => ({ boot: error.code }))
    expect(boot).toBe('driver_busy')
    await bed.engine.machines.destroy(machines[0]?.id ?? '')
    bed.clock.advance(1_000)
    await bed.patiently(bed.engine.settled())
    expect(await status()).toMatchObject({ depth: 1 })
  })

  it('ends nothing for a launch that would not fit even then', async () => {
    await fill()
    const resources = { vcpus: 1, memoryMiB: 512, diskMiB: 64 }
    await expect(bed.engine.launch({ template: 'base', resources })).rejects.toMatchObject({ code: 'driver_busy' })
    expect((await status()).depth).toBe(3)
  })
})
