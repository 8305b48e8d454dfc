import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Machine } from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hostTraces, leftBehind, noTraces } from '../support/host-traces.ts'
import { HearthHome } from './support/hearth-home.ts'
import { inGuest } from './support/in-guest.ts'

const cloneCount = 50
const writtenMiB = 30
/** As many as there are processors to start them. */
const lanes = 2

let home: HearthHome
beforeAll(async () => {
  home = await HearthHome.make()
  await home.said('template', 'build', 'base', 'builtin:base')
})
afterAll(() => home[Symbol.asyncDispose]())

it('keeps fifty clones of one snapshot apart, and nothing of them when they are removed', async () => {
  const hearth = await home.client()
  const source = await hearth.launch('base')
  const { id } = await source.snapshot()
  await source.remove()
  const ram = join(home.path, 'snapshots', id, 'ram')
  const published = sha256(ram)
  expect((statSync(ram).mode & 0o777).toString(8)).toBe('400')
  const before = hostTraces(home.path)

  const clones = await inLanes(cloneCount, () => hearth.snapshots.restore(id))
  expect(new Set(clones.map((clone) => clone.id)).size).toBe(cloneCount)
  await Promise.all(laneOf(clones, writeOwn))
  // All are alive at once, and each has what it wrote.
  const answers = await Promise.all(clones.map((clone) => inGuest(clone, 'cat /dev/shm/own.id; stat -c %s /dev/shm/own')))
  expect(answers).toEqual(clones.map((clone) => `${clone.id}\n${writtenMiB * 1024 ** 2}`))
  expect(leftBehind(before, hostTraces(home.path)).processes).toHaveLength(cloneCount)
  expect(sha256(ram)).toBe(published)

  await failSnapshot(clones[0] as Machine)
  expect(sha256(ram)).toBe(published)
  expect((statSync(ram).mode & 0o777).toString(8)).toBe('400')
  expect(await inGuest(clones[0] as Machine, 'cat /dev/shm/own.id')).toBe(clones[0]?.id)

  await home.said('rm', '--all')
  expect(leftBehind(before, hostTraces(home.path))).toEqual(noTraces)
  await home.said('snapshot', 'verify', id)
})

it('uses no processor time for a machine that is paused', async () => {
  const hearth = await home.client()
  const machine = await hearth.launch('base')
  // It would use all it gets.
  const busy = await machine.spawn('sh', ['-c', 'while :; do :; done'], { detach: true })
  const running = await cpuMsOver(machine, 500)
  await machine.pause()
  const paused = await cpuMsOver(machine, 2_000)
  await machine.resume()
  busy.close()
  await machine.remove()
  expect(running).toBeGreaterThan(50)
  expect(paused).toBe(0)
})

async function writeOwn(clone: Machine): Promise<void> {
  const mebibyte = "head -c 1m /dev/zero | tr '\\0' x > /tmp/x"
  await inGuest(
    clone,
    `echo ${clone.id} > /dev/shm/own.id; ${mebibyte}; for i in $(seq ${writtenMiB}); do cat /tmp/x; done > /dev/shm/own`,
  )
}

/** A full disk where snapshots are made. */
async function failSnapshot(machine: Machine): Promise<void> {
  const staging = join(home.path, 'tmp', 'qemu')
  execFileSync('/usr/bin/mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', staging])
  try {
    await expect(machine.snapshot()).rejects.toMatchObject({ code: expect.stringMatching(/^driver_/) })
  } finally {
    execFileSync('/usr/bin/umount', [staging])
  }
}

/** What the kernel charges the machine's process with, in milliseconds, while `ms` go by. */
async function cpuMsOver(machine: Machine, ms: number): Promise<number> {
  const { pid } = (await machine.stats()).host
  if (pid === undefined) throw new Error('the machine has no process')
  const before = cpuNs(pid)
  await new Promise((resolve) => setTimeout(resolve, ms))
  return Math.round((cpuNs(pid) - before) / 1e6)
}

/** The first number of /proc/PID/task/TID/schedstat is the time on a processor, in nanoseconds. */
function cpuNs(pid: number): number {
  const threads = execFileSync('ls', [`/proc/${pid}/task`], { encoding: 'utf8' })
    .trim()
    .split('\n')
  return threads.reduce((sum, tid) => sum + Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]), 0)
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

/** Makes `count` of something, a few at a time. */
async function inLanes<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  const made: T[] = []
  let begun = 0
  const lane = async () => {
    while (begun++ < count) made.push(await make())
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return made
}

function laneOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void>[] {
  let next = 0
  const lane = async () => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item)
  }
  return Array.from({ length: lanes }, lane)
}
