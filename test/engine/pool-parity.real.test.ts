import { memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { realEngine, runIn } from './support/real-engine.ts'

/** What the guest itself says of all that it was given. */
const script = [
  'hostname',
  'cat /etc/machine-id',
  'echo "$SHARED $OWN $KEY"',
  'cat /run/hearth/secrets/KEY; echo',
  'stat -c "%a" /etc/lab/hello',
  'cat /etc/lab/hello; echo',
  'cat /sys/class/net/eth0/address',
  'ip -4 addr show dev eth0 | grep -o "inet [0-9./]*"',
  'date +%s',
].join('; ')

/** The same assertions over all three ways to serve a launch, on real machines. */
describe('a real machine', () => {
  let bed: Awaited<ReturnType<typeof qemuBed>>
  let engine: Engine

  beforeAll(async () => {
    bed = await qemuBed()
    engine = realEngine(bed.driver, memoryStore())
    await engine.start()
    const env = { SHARED: 'template', OWN: 'template' }
    await engine.templates.build({ name: 'base', source: bed.source, resources: bed.resources, egress: 'open', env })
    await engine.pools.set('base', { settings: { min: 1, max: 2 } })
    await engine.pools.warm('base')
  })
  afterEach(async () => {
    for (const { id } of await engine.machines.list()) await engine.machines.destroy(id)
  })
  afterAll(async () => {
    await engine?.pools.remove('base')
    await bed?.close()
  })

  it.each(['warm', 'restored', 'cold'] as const)('that is %s has all that was asked for, and its end', async (boot) => {
    const machine = await engine.launch({
      template: 'base',
      boot,
      name: 'web',
      hostname: 'front',
      env: { OWN: 'launch' },
      secrets: { KEY: 'hush' },
      files: [{ path: '/etc/lab/hello', content: Buffer.from('hello'), mode: 0o640 }],
      labels: { team: 'a' },
      timeoutMs: 60_000,
    })
    const { output } = await runIn(engine, machine.id, 'sh', '-c', script)
    const [hostname, machineId, env, secret, mode, hello, mac, address, seconds] = output.toString().split('\n')
    expect([hostname, machineId, env, secret, mode, hello, mac, address]).toEqual([
      'front',
      machine.machineUuid,
      'template launch hush',
      'hush',
      '640',
      'hello',
      machine.network.mac,
      `inet ${machine.network.address}`,
    ])
    expect(Math.abs(Number(seconds) * 1000 - Date.now())).toBeLessThan(3_000)
    expect(machine).toMatchObject({
      name: 'web',
      hostname: 'front',
      boot: { method: boot },
      config: { labels: { team: 'a' }, egress: 'open' },
    })
    const items = [...(machine.receipt?.identify ?? []), ...(machine.receipt?.assign ?? [])]
    expect(items.filter((item) => item.status === 'failed')).toEqual([])
    expect(items.map((item) => item.name)).toEqual(
      expect.arrayContaining(['machine_id', 'mac', 'address', 'generation', 'token', 'link']),
    )
    const link = items.find((item) => item.name === 'link')
    expect(link?.evidence).toBe('up')
    await engine.machines.extend('web', 1_000)
    await waitUntil('its time to be over', async () => (await engine.machines.get(machine.id)).state === 'stopped')
    expect(await bed.traces(machine.id)).toEqual([])
  })
})
