import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Machine } from '@hearth/sdk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'
import { inGuest } from './support/in-guest.ts'
import { testHost } from './support/test-host-addresses.ts'

let home: HearthHome
let host: ChildProcess
/** Which of its addresses the host was reached at, in order. */
const reached: string[] = []

beforeAll(async () => {
  home = await HearthHome.make()
  const program = join(import.meta.dirname, 'support/test-host.ts')
  const node = [process.execPath, '--conditions=hearth-source', program, '--home', home.path]
  host = spawn('unshare', ['--net', '--mount', ...node], { stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: host.stdout as Readable }).on('line', (line) => reached.push(line))
  await waitUntil('the host', () => reached.shift() === 'ready' || host.exitCode !== null, {
    signal: AbortSignal.timeout(60_000),
  })
  expect(host.exitCode, 'the host has ended').toBe(null)
  await home.said('template', 'build', 'base', 'builtin:base')
})
afterAll(async () => {
  await home[Symbol.asyncDispose]()
  host.kill()
})

const { port, greeting, outside, metadata } = testHost

it('lets a machine of egress open out, by address and by name, with a resolver on the loopback of its host', async () => {
  await withMachine('open', async (machine) => {
    expect(await greetingFrom(machine, outside)).toBe(`${greeting} from ${outside}`)
    expect(await greetingFrom(machine, 'some.name.test')).toBe(`${greeting} from ${outside}`)
    const link = (await machine.receipt()).assign.find(({ name }) => name === 'link')
    expect(link).toMatchObject({ status: 'done', evidence: 'up' })
  })
})

it('lets no machine reach the loopback or the metadata address of its host', async () => {
  // All of them do answer: whoever is on the host itself gets through.
  for (const address of ['127.0.0.1', outside, metadata]) {
    const greeted = await run('nsenter', [`--net=/proc/${host.pid}/ns/net`, 'busybox', 'nc', '-w', '3', address, String(port)])
    expect(greeted.trim()).toBe(`${greeting} from ${address}`)
  }
  await withMachine('open', async (machine) => {
    const { gateway, dns, address } = machine.data.network
    const doors = ['127.0.0.1', gateway, dns, dns.replace(/\d+$/, '2'), dns.replace(/\d+$/, '100'), '10.0.2.2', '127.0.0.53']
    const neighbours = [metadata, address.replace(/\d+\/24$/, '1'), address.replace(/\d+\/24$/, '77')]
    reached.length = 0
    const greetings = await Promise.all([...doors, ...neighbours].map((door) => greetingFrom(machine, door)))
    expect(greetings.join('')).toBe('')
    expect(await greetingFrom(machine, outside)).toBe(`${greeting} from ${outside}`)
    await waitUntil('the one connection that got through', () => reached.length > 0)
    expect(reached).toEqual([outside])
  })
})

it('gives a machine of egress none no link, and its clone of egress open one', async () => {
  await withMachine('none', async (machine) => {
    expect(await inGuest(machine, 'cat /sys/class/net/eth0/operstate; ip route')).toBe('down')
    reached.length = 0
    expect(await greetingFrom(machine, outside)).toBe('')
    const { id } = await machine.snapshot()
    const hearth = await home.client()
    const clone = await hearth.snapshots.restore(id, { egress: 'open' })
    expect(await greetingFrom(clone, outside)).toBe(`${greeting} from ${outside}`)
    expect(reached).toEqual([outside])
    await hearth.snapshots.remove(id, { force: true })
  })
})

it('closes the network of a clone that is restored with egress none', async () => {
  await withMachine('open', async (machine) => {
    const { id } = await machine.snapshot()
    const hearth = await home.client()
    const clone = await hearth.snapshots.restore(id, { egress: 'none' })
    expect(await greetingFrom(clone, outside)).toBe('')
    expect(await greetingFrom(machine, outside)).toBe(`${greeting} from ${outside}`)
    await hearth.snapshots.remove(id, { force: true })
  })
})

/** What the host says at an address, or nothing. */
function greetingFrom(machine: Machine, address: string): Promise<string> {
  return inGuest(machine, `timeout 4 nc -w 3 ${address} ${port} </dev/null 2>/dev/null || true`)
}

async function withMachine(egress: 'none' | 'open', use: (machine: Machine) => Promise<void>): Promise<void> {
  const machine = await (await home.client()).launch('base', { egress })
  try {
    await use(machine)
  } finally {
    await machine.remove()
  }
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  return (await (child.stdout as Readable).toArray()).join('')
}
