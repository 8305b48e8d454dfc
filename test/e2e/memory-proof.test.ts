import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { RunningServer } from '@hearth/server'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { livingProcesses } from '../support/process-list.ts'
import { HearthHome } from './support/hearth-home.ts'
import { inGuest } from './support/in-guest.ts'
import { afterCapture } from './support/launcher-intercept.ts'
import { hashMapping } from './support/process-memory.ts'
import { qemuServer } from './support/qemu-server.ts'

const dirtyMiB = 30

let home: HearthHome
let server: RunningServer
/** What was in the memory of each machine that was captured, in order, as the machine itself saw it in the pause. */
const seen: { sha256: string; sizeBytes: number }[] = []

beforeAll(async () => {
  home = await HearthHome.make()
  const intercept = afterCapture(async ({ id, match, to }) => {
    // In a pause of many seconds the snapshot would be another one.
    if ((await stat(to)).size > 256 * 1024 ** 2) return
    const vmm = livingProcesses().find(({ argv }) => argv.some((word) => word.includes(`/machines/${id}/`)))
    if (!vmm) throw new Error(`machine ${id} has no process`)
    seen.push(await hashMapping(vmm.pid, match))
  })
  server = await qemuServer(home.path, { intercept })
})
afterAll(async () => {
  await home.said('rm', '--all')
  await server.close()
  await home[Symbol.asyncDispose]()
})

it('publishes the memory of a running clone as it was in the pause, byte for byte', async () => {
  const hearth = await home.client()
  await hearth.templates.build('base', 'builtin:base')
  const clone = await hearth.launch('base', { boot: 'restored' })
  await inGuest(clone, `head -c ${dirtyMiB}m /dev/urandom > /dev/shm/dirt`)
  const first = await clone.snapshot()
  expect(await publishedMemory(first.id)).toEqual(seen.at(-1))

  // The second one of the same machine, and one of a clone of a clone, have other bases.
  await inGuest(clone, `head -c ${dirtyMiB}m /dev/urandom > /dev/shm/more`)
  const second = await clone.snapshot()
  expect(await publishedMemory(second.id)).toEqual(seen.at(-1))
  const heir = await hearth.snapshots.restore(first.id)
  await inGuest(heir, 'rm /dev/shm/dirt; head -c 5m /dev/urandom > /dev/shm/other')
  const third = await heir.snapshot()
  expect(await publishedMemory(third.id)).toEqual(seen.at(-1))

  expect(seen.map(({ sizeBytes }) => sizeBytes)).toEqual([256, 256, 256].map((mib) => mib * 1024 ** 2))
  expect(new Set(seen.map(({ sha256 }) => sha256)).size).toBe(3)
})

it('publishes the memory of a machine that booted cold, byte for byte', async () => {
  const hearth = await home.client()
  const machine = await hearth.launch('base', { boot: 'cold' })
  const { id } = await machine.snapshot()
  expect(await publishedMemory(id)).toEqual(seen.at(-1))
})

it('brings back 4 GiB of memory, which lies on both sides of the hole below 4 GiB', async () => {
  const hearth = await home.client()
  await hearth.templates.build('big', 'builtin:base', { resources: { memoryMiB: 4096 } })
  const machine = await hearth.launch('big', { boot: 'restored' })
  // The kernel lies in low memory; what programs ask for comes from above the hole as long as there is any.
  expect(await inGuest(machine, 'grep -A60 "zone *Normal" /proc/zoneinfo | grep start_pfn')).toMatch(/: +1048576$/)
  await inGuest(machine, 'head -c 24m /dev/urandom > /dev/shm/high')
  const print = 'sha256sum /dev/shm/high /bin/busybox'
  const sums = await inGuest(machine, print)
  const { id } = await machine.snapshot()
  await machine.remove()
  const clone = await hearth.snapshots.restore(id)
  expect(await inGuest(clone, print)).toBe(sums)
  await hearth.snapshots.remove(id, { force: true })
})

async function publishedMemory(snapshot: string): Promise<{ sha256: string; sizeBytes: number }> {
  const path = join(home.path, 'snapshots', snapshot, 'ram')
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 ** 2 }), hash)
  return { sha256: hash.digest('hex'), sizeBytes: (await stat(path)).size }
}
