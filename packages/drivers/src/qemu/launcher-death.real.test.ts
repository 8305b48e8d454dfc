import { readFile, watch } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { DriverRun, makeSharedTemplate, type SharedTemplate } from '@hearth/conformance'
import type { MachineExit } from '@hearth/model'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { lives } from '../launcher/launcher-under-test.ts'
import { type QemuBed, qemuBed } from './testing/qemu-bed.ts'

type Subject = Awaited<ReturnType<DriverRun['restore']>>

let bed: QemuBed
let template: SharedTemplate
let run: DriverRun

beforeAll(async () => {
  bed = await qemuBed()
  await bed.driver.adopt()
  template = await makeSharedTemplate(bed)
})
afterAll(() => bed?.close())
beforeEach(() => {
  run = new DriverRun(bed, bed.driver, template)
})
afterEach(() => run.close())

it('goes on when the launcher is killed: machines answer, their ends are told, and new ones can be had', async () => {
  const [first, second] = [await run.restore(), await run.restore()]
  const dead = await killLauncher()
  const third = await run.restore()
  expect(await bed.launcherPid()).not.toBe(dead)
  for (const machine of [first, second, third]) expect(await echo(machine)).toBe(machine.id)
  const ended = nextExit()
  await bed.crash(first.id)
  expect(await ended).toMatchObject({ id: first.id, reason: 'crashed' })
  for (const machine of [first, second, third]) {
    await run.destroy(machine)
    expect(await bed.traces(machine.id)).toEqual([])
  }
})

it('tells of a machine that ended while there was no launcher', async () => {
  const machine = await run.restore()
  const ended = nextExit()
  await Promise.all([killLauncher(), bed.crash(machine.id)])
  expect(await ended).toMatchObject({ id: machine.id, reason: 'crashed' })
  await run.destroy(machine)
  await soonGone(machine)
})

it('snapshots a machine whose memory the killed launcher held', async () => {
  const machine = await run.restore()
  await killLauncher()
  const snapshot = await run.snapshot(machine)
  const clone = await run.restore(snapshot)
  expect(await echo(clone)).toBe(clone.id)
})

it('ends a machine whose launcher is killed meanwhile', async () => {
  const machine = await run.restore()
  await Promise.all([killLauncher(), run.destroy(machine)])
  await soonGone(machine)
})

it.each([1, 2, 3, 4, 5])('starts a machine in whose start the launcher is killed, and leaves nothing of it (%#)', async () => {
  const pid = await bed.launcherPid()
  const spec = run.newSpec()
  const spawning = appears(join(bed.home, 'machines', spec.id), 'qmp.sock')
  const restored = run.driver.restore(template.snapshot, spec)
  await spawning
  process.kill(pid, 'SIGKILL')
  // The spawn was over, or it is done again by the next launcher.
  await restored
  expect((await run.driver.list()).find(({ id }) => id === spec.id)?.state).toBe('running')
  await run.driver.destroy(spec.id)
  await vi.waitFor(async () => expect(await bed.traces(spec.id)).toEqual([]))
})

it('ends what carries the traffic of a machine, also when its launcher was killed', async () => {
  const spec = { ...run.newSpec(), egress: 'open' as const }
  await run.driver.restore(template.snapshot, spec)
  const carrier = JSON.parse(await readFile(join(bed.home, 'machines', spec.id, 'outside.json'), 'utf8')) as { pid: number }
  await killLauncher()
  expect(await lives(carrier.pid)).toBe(true)
  await run.driver.destroy(spec.id)
  expect(await lives(carrier.pid)).toBe(false)
  expect(await bed.traces(spec.id)).toEqual([])
})

it('ends an idle launcher when it closes, and keeps one that has machines', async () => {
  const machine = await run.restore()
  const busy = await bed.launcherPid()
  await restart()
  expect(await bed.launcherPid()).toBe(busy)
  await run.destroy(machine)
  await restart()
  await vi.waitFor(async () => expect(await lives(busy)).toBe(false), { timeout: 5_000 })
  expect(await bed.launcherPid()).not.toBe(busy)
  const again = await run.restore()
  expect(await echo(again)).toBe(again.id)
})

async function restart(): Promise<void> {
  run.driver = await bed.restart()
  await run.driver.adopt()
}

/** Resolves to its pid, when it is gone. */
async function killLauncher(): Promise<number> {
  const pid = await bed.launcherPid()
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(async () => expect(await lives(pid)).toBe(false), { timeout: 5_000, interval: 5 })
  return pid
}

/** A process that died unwatched counts as gone when its first thread is; the others may take a moment more. */
async function soonGone(machine: Subject): Promise<void> {
  await vi.waitFor(async () => expect(await bed.traces(machine.id)).toEqual([]))
}

/** Resolves when `name` is made in a folder that is made meanwhile. */
async function appears(folder: string, name: string): Promise<void> {
  for await (const { filename } of watch(dirname(folder))) if (filename === basename(folder)) break
  for await (const { filename } of watch(folder)) if (filename === name) break
}

function nextExit(): Promise<MachineExit> {
  return new Promise((resolve) => {
    const stop = run.driver.onExit((exit) => {
      stop()
      resolve(exit)
    })
  })
}

async function echo(machine: Subject): Promise<string> {
  const handle = await (await run.session(machine)).exec({ argv: ['echo', '-n', machine.id] })
  handle.stderr.resume()
  const [said] = await Promise.all([buffer(handle.stdout), handle.exit])
  return said.toString()
}
