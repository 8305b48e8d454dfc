import { memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import type { InjectedFile, Receipt, ReceiptPart } from '@hearth/model'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { hookedImage, hookFolder, hookScript } from './support/hooked-image.ts'
import { realEngine, runIn } from './support/real-engine.ts'

const hour = 3_600_000

let bed: Awaited<ReturnType<typeof qemuBed>>
let image: Awaited<ReturnType<typeof hookedImage>>
let engine: Engine

beforeAll(async () => {
  bed = await qemuBed()
  image = await hookedImage()
  engine = realEngine(bed.driver, memoryStore())
  await engine.start()
  await engine.templates.build({ name: 'hooked', source: { kind: 'dir', path: image.path }, resources: bed.resources })
})

afterEach(async () => {
  for (const { id } of await engine.machines.list()) await engine.machines.destroy(id)
})

// The bed ends its machines with the driver, which an engine that closes would have closed.
afterAll(async () => {
  await bed?.close()
  await image?.remove()
})

const hook = (name: string, script: string): InjectedFile => ({
  path: `${hookFolder}/${name}`,
  mode: 0o755,
  content: Buffer.from(hookScript(script)),
})

function item(receipt: Receipt | undefined, part: ReceiptPart, name: string) {
  return receipt?.[part].find((one) => one.name === name)
}

async function said(machine: string, script: string): Promise<string> {
  const { code, output } = await runIn(engine, machine, 'sh', '-c', script)
  expect(code, script).toBe(0)
  return output.toString()
}

describe('hooks in real machines', () => {
  it('run whenever a machine is handed over or goes on, and prove it in the receipt', async () => {
    const machine = await engine.launch({ template: 'hooked', hostname: 'box-1', env: { OWNER: 'ann' } })
    expect(machine.boot?.method).toBe('restored')
    expect(item(machine.receipt, 'assign', 'hooks')).toEqual({
      name: 'hooks',
      status: 'done',
      evidence: '10-mark=0',
      detail: '10-mark: marked',
    })
    await engine.machines.pause(machine.id)
    await engine.machines.resume(machine.id)
    const generation = item(machine.receipt, 'identify', 'generation')?.evidence
    const lines = (await said(machine.id, 'cat /root/mark')).trimEnd().split('\n').slice(-2)
    expect(lines).toEqual(['restored', 'resumed'].map((why) => `${why} ${generation} box-1 ${machine.machineUuid} ann`))
    const cold = await engine.launch({ template: 'hooked', boot: 'cold' })
    expect(await said(cold.id, 'cat /root/mark')).toMatch(/^cold \d+ /)
  })

  it.each([
    ['fails', 'echo no such key; exit 7', '50-bad ended with 7: no such key'],
    ['hangs', 'echo waiting; sleep 1000 & wait', '50-bad was not done in time: waiting'],
  ])('that %s is named, and the machine is handed to nobody', async (_what, script, problem) => {
    const launch = engine.launch({ template: 'hooked', files: [hook('50-bad', script)] })
    await expect(launch).rejects.toMatchObject({
      code: 'personalise_failed',
      message: expect.stringContaining(`hooks: failed, ${problem}`),
    })
    expect(await bed.driver.list()).toEqual([])
  })

  it('run in a machine of a pool when it is claimed; one that fails costs the launch, not the pool', async () => {
    await engine.pools.set('hooked', { settings: { min: 1, max: 2 } })
    await engine.pools.warm('hooked')
    const bad = engine.launch({ template: 'hooked', boot: 'warm', files: [hook('50-bad', 'echo no such key; exit 7')] })
    await expect(bad).rejects.toMatchObject({
      code: 'boot_method_unavailable',
      message: expect.stringContaining('50-bad ended with 7: no such key'),
    })
    await engine.pools.warm('hooked')
    const machine = await engine.launch({ template: 'hooked', boot: 'warm', hostname: 'box-2' })
    const lines = (await said(machine.id, 'cat /root/mark')).trimEnd().split('\n').slice(-2)
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['rehearsal', 'warm'])
    expect(lines[1]).toContain(` box-2 ${machine.machineUuid}`)
    await engine.machines.destroy(machine.id)
    await engine.pools.remove('hooked')
  })

  it('may be daemons that go on, and talk to processes of the snapshot, which are awake by then', async () => {
    const source = await engine.launch({ template: 'hooked' })
    const serve = 'while :; do if test -e /root/ask; then mv /root/ask /root/answer; fi; sleep 0.05; done'
    const session = await (await engine.machines.guest(source.id)).session()
    await session.exec({ argv: ['sh', '-c', serve], onClose: 'keep' })
    const snapshot = await engine.snapshots.create(source.id)
    const ask = 'echo > /root/ask; while ! test -e /root/answer; do sleep 0.05; done'
    const clone = await engine.launch({ snapshot: snapshot.id, files: [hook('50-ask', ask), hook('60-stay', 'sleep 1000 &')] })
    expect(item(clone.receipt, 'assign', 'hooks')).toMatchObject({ evidence: '10-mark=0 50-ask=0 60-stay=0' })
    expect(await said(clone.id, 'cat /proc/[0-9]*/cmdline || true')).toContain('sleep\x001000')
  })
})

describe('a machine whose time, files or kernel are strange', () => {
  it('that is 75 hours behind is set right, and says by how much, when it goes on and in its clones', async () => {
    const machine = await engine.launch({ template: 'hooked' })
    await said(machine.id, `date -s @$(($(date +%s) - ${75 * 3600}))`)
    const snapshot = await engine.snapshots.create(machine.id)
    await engine.machines.pause(machine.id)
    const resumed = await engine.machines.resume(machine.id)
    const clone = await engine.launch({ snapshot: snapshot.id })
    for (const proof of [item(resumed.receipt, 'assign', 'clock'), item(clone.receipt, 'identify', 'clock')]) {
      const [deltaMs = 0, nowMs = 0] = (proof?.evidence ?? '').split(' ').map(Number)
      expect(deltaMs).toBeLessThan(-75 * hour)
      expect(deltaMs).toBeGreaterThan(-75 * hour - 120_000)
      expect(Math.abs(nowMs - Date.now())).toBeLessThan(120_000)
    }
    // What needs no step is said, too.
    expect(item(clone.receipt, 'assign', 'clock')?.evidence).toMatch(/^-?\d{1,3} \d{13}$/)
    for (const { id } of [resumed, clone]) {
      expect(Math.abs(Number(await said(id, 'date +%s')) * 1000 - Date.now())).toBeLessThan(3_000)
    }
  })

  it('whose kernel refuses entropy does not go on, and neither does a clone of it', async () => {
    const machine = await engine.launch({ template: 'hooked' })
    await said(machine.id, 'rm /dev/urandom; echo > /dev/urandom')
    const snapshot = await engine.snapshots.create(machine.id)
    const refused = { code: 'personalise_failed', message: expect.stringMatching(/entropy: failed, add entropy: .*ioctl/) }
    await engine.machines.pause(machine.id)
    await expect(engine.machines.resume(machine.id)).rejects.toMatchObject(refused)
    expect((await engine.machines.get(machine.id)).state).toBe('paused')
    await expect(engine.launch({ snapshot: snapshot.id })).rejects.toMatchObject(refused)
    expect((await bed.driver.list()).map(({ id }) => id)).toEqual([machine.id])
  })

  it("with an SSH server's folder and a copy of the machine-id for D-Bus gets its own of both", async () => {
    const machines = [await engine.launch({ template: 'hooked' }), await engine.launch({ template: 'hooked' })]
    const keys = machines.map(({ receipt }) => item(receipt, 'identify', 'ssh_host_keys'))
    for (const key of keys) expect(key).toMatchObject({ status: 'done', evidence: expect.stringMatching(/^SHA256:[\w+/]{43}$/) })
    expect(keys[0]?.evidence).not.toBe(keys[1]?.evidence)
    for (const { id, machineUuid } of machines) {
      expect(await said(id, 'cat /var/lib/dbus/machine-id /etc/machine-id')).toBe(`${machineUuid}\n${machineUuid}\n`)
    }
  })
})
