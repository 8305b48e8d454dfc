import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { CliBed } from './support/cli-bed.ts'
import { OnTerminal } from './support/on-terminal.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.pretended()
  await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  await bed.hearth(['launch', 'base', '--name', 'web'])
})

afterAll(() => bed.stop())

interface Event {
  readonly seq: number
  readonly kind: string
  readonly state: string
}

it('tells what has happened and ends, or what happens until Ctrl-C', async () => {
  const lines = (await bed.hearth(['events', '--json'])).stdout.trimEnd().split('\n')
  const past = lines.map((line) => JSON.parse(line) as Event)
  expect(past).toContainEqual(expect.objectContaining({ kind: 'machine', state: 'running' }))
  const last = past.at(-1)?.seq ?? 0
  expect((await bed.hearth(['events', '--after', String(last)])).stdout).toBe('')
  expect((await bed.hearth(['events', '--kind', 'template', '-A'])).stdout).toMatch(/ {2}template {2}base@1 {2}ready/)

  const { child, ended } = bed.begin(['events', '--follow', '--json'])
  const seen: Event[] = []
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().trimEnd().split('\n')) seen.push(JSON.parse(line) as Event)
  })
  await waitUntil('a change to be told', async () => {
    await bed.hearth(['pause', 'web'])
    await bed.hearth(['resume', 'web'])
    return seen.some(({ state }) => state === 'paused')
  })
  child.kill('SIGINT')
  expect((await ended).code).toBe(130)
  expect(seen.every(({ seq }) => seq > last)).toBe(true)
})

it('lists machines with what they use, once where nobody watches', async () => {
  const { code, stdout } = await bed.hearth(['top'])
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^ID +NAME +STATE .*CPU +OWN MEMORY[\s\S]* web +running /)])
  expect(await bed.json('top')).toEqual([expect.objectContaining({ machine: expect.objectContaining({ name: 'web' }) })])
})

it('draws them anew when something changes, and gives the terminal back', async () => {
  const terminal = new OnTerminal(bed.home, 'stty cols 100 rows 12; exec hearth top --interval 1h')
  await terminal.shows('1 running')
  await bed.hearth(['launch', 'base', '--name', 'second'])
  await terminal.shows('2 running')
  await terminal.shows('second')
  terminal.screen = ''
  await bed.hearth(['rm', 'second'])
  await terminal.shows('1 running')
  terminal.type('\u0003')
  expect(await terminal.exitCode()).toBe(130)
  expect(terminal.screen.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true)
})

it('gives machines an end, moves it, and lists by state', async () => {
  await bed.hearth(['launch', 'base', '--name', 'short', '--timeout', '1h', '--on-timeout', 'pause', '--label', 'a=b'])
  const before = await bed.json<{ deadlineAt: string; onTimeout: string }>('show', 'short')
  expect(before.onTimeout).toBe('pause')
  const extended = await bed.hearth(['extend', 'short', '3h'])
  expect([extended.code, extended.stdout]).toEqual([0, expect.stringContaining('short lives until ')])
  const after = await bed.json<{ deadlineAt: string }>('show', 'short')
  expect(Date.parse(after.deadlineAt) - Date.parse(before.deadlineAt)).toBeGreaterThan(3_600_000)
  const names = async (...flags: string[]) =>
    (await bed.json<{ name: string }[]>('machine', 'list', ...flags)).map(({ name }) => name)
  expect(await names('--state', 'running', '--label', 'a=b')).toEqual(['short'])
  expect(await names('--state', 'paused')).toEqual([])
  expect(await names('--limit', '1')).toEqual(['short'])
  expect((await bed.hearth(['machine', 'rm', 'short'])).code).toBe(0)
  expect(await bed.hearth(['launch', 'base', '--on-timeout', 'pause'])).toMatchObject({ code: 2 })
})

it('cancels a build at Ctrl-C, and nothing is left of it', async () => {
  const { child, ended } = bed.begin(['template', 'build', 'long', 'builtin:base', '--ready-port', '1', '--', 'sleep', '600'])
  const [said] = await once(child.stderr as Readable, 'data')
  expect(String(said)).toContain('building long')
  expect(await bed.json('template', 'show', 'long@1')).toMatchObject({
    state: 'building',
    progress: { step: expect.any(String) },
  })
  child.kill('SIGINT')
  expect((await ended).code).toBe(130)
  expect((await bed.json<{ name: string }[]>('template', 'list')).map(({ name }) => name)).toEqual(['base'])
})
