import type { Machine } from '@hearth/sdk'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'
import { guestProcesses, inGuest } from './support/in-guest.ts'

const lines = 150

let home: HearthHome
beforeAll(async () => {
  home = await HearthHome.make()
  await home.said('template', 'build', 'base', 'builtin:base')
})
afterEach(async () => {
  await home.said('rm', '--all')
})
afterAll(() => home[Symbol.asyncDispose]())

/** Prints numbered lines for some seconds. */
const counting = `for i in $(seq ${lines}); do echo line $i; usleep 20000; done`
const counted = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join('')

it.each([
  ['the server', (killed: HearthHome) => killed.killServer()],
  ['the launcher', (killed: HearthHome) => killed.killLauncher()],
  [
    'the server and the launcher',
    async (killed: HearthHome) => {
      await killed.killServer()
      await killed.killLauncher()
    },
  ],
] as const)('takes all machines back when %s was killed', async (_what, kill) => {
  const [working, paused] = await twoMachines()
  await home.said('exec', '-d', '--tag', 'count', 'working', '--', 'sh', '-c', counting)
  await inGuest(paused, 'echo kept > /dev/shm/kept')
  await paused.pause()
  const pids = [await pidOf(working), await pidOf(paused)]

  await kill(home)
  // Any command will do; this one reads all that the process wrote before, in between and after.
  const attached = await home.hearth(['exec', '--attach', 'count', 'working'])
  expect(attached).toMatchObject({ code: 0, stdout: counted })

  const hearth = await home.client()
  const states = (await hearth.machines.list().toArray()).map(({ name, state }) => `${name} ${state}`).sort()
  expect(states).toEqual(['paused paused', 'working running'])
  const again = [await hearth.machines.get('working'), await hearth.machines.get('paused')] as const
  expect([await pidOf(again[0]), await pidOf(again[1])]).toEqual(pids)
  await again[1].resume()
  expect(await inGuest(again[1], 'cat /dev/shm/kept; date +%Y')).toBe(`kept\n${new Date().getUTCFullYear()}`)
  const { id } = await again[0].snapshot()
  await hearth.snapshots.remove(id)
})

it('notices a machine that died while no server was there', async () => {
  const [working, paused] = await twoMachines()
  const pid = await pidOf(working)
  await home.killServer()
  process.kill(pid, 'SIGKILL')
  const hearth = await home.client()
  await waitUntil('the loss', async () => (await hearth.machines.get(working.id)).state === 'lost')
  expect((await hearth.machines.get('paused')).id).toBe(paused.id)
})

it('ends what a client that was killed with its server had begun', async () => {
  await twoMachines()
  const { child } = home.begin(['exec', '-i', 'working', '--', 'sleep', '7003'], { keepOpen: true })
  const runs = async () => (await guestProcesses((await home.client()).machines.ref('working'))).includes('sleep 7003')
  await waitUntil('the process', runs)
  await home.killServer()
  child.kill('SIGKILL')
  // A hold of the guest agent lasts 30 s: so long a new server may come for it.
  await waitUntil('its end', async () => !(await runs()), { signal: AbortSignal.timeout(50_000), everyMs: 500 })
})

async function twoMachines(): Promise<[Machine, Machine]> {
  const hearth = await home.client()
  return [await hearth.launch('base', { name: 'working' }), await hearth.launch('base', { name: 'paused' })]
}

async function pidOf(machine: Machine): Promise<number> {
  const { pid } = (await machine.stats()).host
  if (pid === undefined) throw new Error(`machine ${machine.ref} has no process`)
  return pid
}
