import type { Machine } from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { hostTraces, leftBehind, noTraces } from '../support/host-traces.ts'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'
import { inGuest } from './support/in-guest.ts'

let home: HearthHome
beforeAll(async () => {
  home = await HearthHome.make()
  await home.said('template', 'build', 'base', 'builtin:base')
})
afterAll(() => home[Symbol.asyncDispose]())

it.each([
  ['a clone of a template', 'restored', 'reboot -f'],
  ['a machine that booted cold', 'cold', 'reboot -f'],
  ['a clone of a template', 'restored', 'poweroff -f'],
] as const)('ends %s (%s) on "%s"', async (_what, boot, command) => {
  const before = hostTraces(home.path)
  const machine = await (await home.client()).launch('base', { boot })
  await endsItself(machine, command)
  expect(leftBehind(before, hostTraces(home.path))).toEqual(noTraces)
})

it('ends a clone of a snapshot of a clone when it reboots', async () => {
  const hearth = await home.client()
  const source = await hearth.launch('base')
  await inGuest(source, 'echo before > /root/mark')
  const { id } = await source.snapshot()
  await source.remove()
  const before = hostTraces(home.path)
  const clone = await hearth.snapshots.restore(id)
  expect(await inGuest(clone, 'cat /root/mark')).toBe('before')
  await endsItself(clone, 'reboot -f')
  expect(leftBehind(before, hostTraces(home.path))).toEqual(noTraces)
})

it('ends a machine whose kernel panics', async () => {
  const before = hostTraces(home.path)
  const machine = await (await home.client()).launch('base')
  await endsItself(machine, 'echo c > /proc/sysrq-trigger')
  expect(leftBehind(before, hostTraces(home.path))).toEqual(noTraces)
})

async function endsItself(machine: Machine, command: string): Promise<void> {
  // The guest may be gone before it can answer, or may not.
  await machine.spawn('sh', ['-c', command], { detach: true }).catch(() => undefined)
  const limit = { signal: AbortSignal.timeout(30_000), everyMs: 50 }
  await waitUntil('the end of the machine', async () => (await machine.get()).state === 'stopped', limit)
}
