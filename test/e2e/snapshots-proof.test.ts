import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ExecProcess, Machine } from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { livingProcesses } from '../support/process-list.ts'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'
import { inGuest } from './support/in-guest.ts'

const snapshotCount = 100
/** What the guest prints of itself, one fixed width a line. */
const counter = 'i=0; while [ ! -e /tmp/enough ]; do printf "%09d\\n" $i; i=$((i + 1)); done; echo end'

let home: HearthHome
beforeAll(async () => {
  home = await HearthHome.make()
  await home.said('template', 'build', 'base', 'builtin:base')
})
afterAll(() => home[Symbol.asyncDispose]())

it(`loses and doubles no byte of attached processes over ${snapshotCount} snapshots`, async () => {
  const hearth = await home.client()
  const machine = await hearth.launch('base')
  const counting = checkCounter(await machine.spawn('sh', ['-c', counter]))
  const echo = new Echo(await machine.spawn('cat', [], { stdin: true }))
  for (let taken = 0; taken < snapshotCount; taken++) {
    // Input is on its way while the machine is frozen.
    const feeding = echo.feed()
    const { id, quality } = await machine.snapshot()
    expect(quality).toBe('memory+disk')
    await feeding
    await hearth.snapshots.remove(id)
  }
  await inGuest(machine, 'touch /tmp/enough')
  const lines = await counting
  expect(lines).toBeGreaterThan(snapshotCount)
  await echo.expectAllBack()
  await machine.remove()
})

it.each(['frozen', 'captured'] as const)('goes on when its host dies in the pause, while it is %s', async (when) => {
  const machine = await (await home.client()).launch('base', { name: when, env: { KEPT: 'yes' } })
  await machine.spawn('sh', ['-c', 'while :; do echo $((++i)) > /tmp/ticks; usleep 50000; done'], { detach: true })
  await inGuest(machine, 'echo before > /root/before')
  await home.said('server', 'stop')

  const server = spawn(
    process.execPath,
    [
      '--conditions=hearth-source',
      join(import.meta.dirname, 'support/dying-server.ts'),
      '--home',
      home.path,
      '--in',
      when,
      '--quiesce-deadline-ms',
      '2000',
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(server.stdout as Readable, 'data')
  const died = once(server, 'exit')
  await expect((await home.client()).machines.ref(when).snapshot()).rejects.toThrow()
  expect(await died).toEqual([null, 'SIGKILL'])

  if (when === 'frozen') {
    // Nobody is there to thaw it; its process shows that it works again.
    const before = vmmTicks(machine)
    await waitUntil('the guest to go on by itself', () => vmmTicks(machine) > before + 20, {
      signal: AbortSignal.timeout(20_000),
    })
  }
  const again = (await home.client()).machines.ref(when)
  const ticks = async () => Number(await inGuest(again, 'cat /tmp/ticks'))
  const first = await waitUntil('the processes of the guest', ticks)
  await waitUntil('a tick', async () => (await ticks()) > first)
  expect((await again.get()).state).toBe('running')
  expect(await inGuest(again, 'echo $KEPT')).toBe('yes')
  await inGuest(again, 'echo after > /root/after; sync')
  const { id } = await again.snapshot()
  const hearth = await home.client()
  const clone = await hearth.snapshots.restore(id)
  expect(await inGuest(clone, 'echo 3 > /proc/sys/vm/drop_caches; cat /root/before /root/after')).toBe('before\nafter')
  await hearth.snapshots.remove(id, { force: true })
  // What was half written is gone.
  expect((await hearth.snapshots.list({ machine: when }).toArray()).every(({ state }) => state === 'failed')).toBe(true)
  await again.remove()
})

/** Resolves to the number of lines when the counter has ended. @throws at the first byte that is not the one that must follow */
async function checkCounter(process: ExecProcess): Promise<number> {
  let next = 0
  let rest = ''
  for await (const { bytes } of process) {
    const lines = (rest + Buffer.from(bytes).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === 'end') continue
      const wanted = String(next++).padStart(9, '0')
      if (line !== wanted) throw new Error(`after ${next - 1} lines came ${JSON.stringify(line)} instead of ${wanted}`)
    }
  }
  expect(rest).toBe('')
  expect(await process.wait()).toMatchObject({ code: 0 })
  return next
}

/** A process that gives back what it is told. */
class Echo {
  readonly #process: ExecProcess
  readonly #heard: Promise<string>
  #said = ''

  constructor(process: ExecProcess) {
    this.#process = process
    this.#heard = process.collect().then(({ stdout }) => Buffer.from(stdout).toString())
    // Awaited at the end.
    this.#heard.catch(() => undefined)
  }

  async feed(): Promise<void> {
    for (let part = 0; part < 20; part++) {
      const text = `${this.#said.length}:${'x'.repeat(1000)}\n`
      this.#said += text
      await this.#process.write(text)
    }
  }

  async expectAllBack(): Promise<void> {
    await this.#process.end()
    expect((await this.#heard) === this.#said).toBe(true)
  }
}

/** Clock ticks (10 ms) that the process of a machine has spent: fields 14 and 15 of /proc/PID/stat. */
function vmmTicks({ id }: Machine): number {
  const vmm = livingProcesses().find(({ argv }) => argv.some((word) => word.includes(`/machines/${id}/`)))
  if (!vmm) throw new Error(`machine ${id} has no process`)
  const stat = readFileSync(`/proc/${vmm.pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
