import { memoryStore } from '@hearth/conformance'
import type { Engine } from '@hearth/engine'
import type { Machine } from '@hearth/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { qemuBed } from '../../packages/drivers/src/qemu/testing/qemu-bed.ts'
import { waitUntil } from '../support/wait-until.ts'
import { hookedImage } from './support/hooked-image.ts'
import { realEngine, runIn } from './support/real-engine.ts'

const hour = 3_600_000

/** Spoils an entry while it is made, or the claim of it, as the template's variable says. */
const spoil = `case "$SPOIL $HEARTH_BOOT" in
  "entropy rehearsal") rm /dev/urandom; echo > /dev/urandom;;
  "clock rehearsal") date -s @$(($(date +%s) - ${75 * 3600}));;
  "fail warm") echo no database; exit 4;;
  "hang warm") sleep 1000;;
esac`

let bed: Awaited<ReturnType<typeof qemuBed>>
let image: Awaited<ReturnType<typeof hookedImage>>
let engine: Engine

beforeAll(async () => {
  bed = await qemuBed()
  image = await hookedImage({ '20-spoil': spoil })
  engine = realEngine(bed.driver, memoryStore())
  await engine.start()
})

// The bed ends its machines with the driver, which an engine that closes would have closed.
afterAll(async () => {
  for (const { pool } of await engine.pools.list()) await engine.pools.remove(pool.name)
  await bed?.close()
  await image?.remove()
})

/** What somebody gets of a pool of one that is spoilt. */
async function claim(what: string): Promise<{ machine: Machine; entry: string | undefined }> {
  await engine.templates.build({
    name: what,
    source: { kind: 'dir', path: image.path },
    resources: bed.resources,
    env: { SPOIL: what },
  })
  await engine.pools.set(what, { settings: { min: 1, max: 1 } })
  await engine.pools.warm(what)
  const [entry] = await bed.driver.list()
  const machine = await engine.launch({ template: what })
  await engine.pools.remove(what)
  return { machine, entry: entry?.id }
}

describe('a claim of a real machine', () => {
  it.each([
    ['entropy', /entropy: failed, add entropy: .*ioctl/],
    ['fail', /hooks: failed, 20-spoil ended with 4: no database/],
    ['hang', /hooks: failed, 20-spoil was not done in time/],
  ])('that fails (%s) ends the machine, says why, and is served by a restore', async (what, why) => {
    const { machine, entry } = await claim(what)
    expect(machine.id).not.toBe(entry)
    expect(machine.boot).toMatchObject({
      method: 'restored',
      reasons: expect.arrayContaining([{ code: 'personalise_failed', detail: expect.stringMatching(why) }]),
    })
    await waitUntil('every trace of the entry to be gone', async () => (await bed.traces(entry ?? '')).length === 0)
    await engine.machines.destroy(machine.id)
  })

  it('whose clock is 75 hours behind is set right, and rehearsed before it was handed over', async () => {
    const { machine, entry } = await claim('clock')
    expect(machine).toMatchObject({ id: entry, boot: { method: 'warm' } })
    const clock = machine.receipt?.assign.find(({ name }) => name === 'clock')
    const [deltaMs = 0] = (clock?.evidence ?? '').split(' ').map(Number)
    expect(deltaMs).toBeLessThan(-75 * hour)
    expect(deltaMs).toBeGreaterThan(-75 * hour - 120_000)
    const now = (await runIn(engine, machine.id, 'date', '+%s')).output.toString()
    expect(Math.abs(Number(now) * 1000 - Date.now())).toBeLessThan(3_000)
    const mark = (await runIn(engine, machine.id, 'cat', '/root/mark')).output.toString()
    expect(mark.trimEnd().split('\n').slice(-2)).toEqual([
      expect.stringMatching(/^rehearsal \d+ m-/),
      expect.stringMatching(new RegExp(`^warm \\d+ ${machine.hostname} ${machine.machineUuid}`)),
    ])
  })
})
