import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from '../cli/support/cli-bed.ts'
import { waitUntil } from '../support/wait-until.ts'

let bed: CliBed
let here: string

beforeAll(async () => {
  bed = CliBed.real()
  here = mkdtempSync(join(tmpdir(), 'ci-'))
  expect((await bed.hearth(['template', 'build', 'base', 'builtin:base'])).code).toBe(0)
  expect((await bed.hearth(['launch', 'base', '--name', 'web'])).code).toBe(0)
})

afterAll(async () => {
  await bed.stop()
  rmSync(here, { recursive: true, force: true })
})

/** Presses Ctrl-C when the command has said `sign` on stderr. */
async function interrupt(args: readonly string[], sign: RegExp): Promise<number | null> {
  const { child, ended } = bed.begin(args)
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await waitUntil(`${sign}`, () => sign.test(said) || child.exitCode !== null, { signal: AbortSignal.timeout(60_000) })
  child.kill('SIGINT')
  return (await ended).code
}

it('ends a build and leaves no template', async () => {
  expect(await interrupt(['template', 'build', 'other', 'builtin:base', '--no-cache'], /booting|freezing/)).toBe(130)
  await waitUntil(
    'the build to be gone',
    async () => {
      const templates = await bed.json<{ name: string; state: string }[]>('template', 'list')
      return templates.every(({ name, state }) => name !== 'other' || state === 'failed')
    },
    { signal: AbortSignal.timeout(30_000) },
  )
  expect(await bed.hearth(['launch', 'other'])).toMatchObject({ code: 1 })
})

it('ends a launch and leaves no machine', async () => {
  expect(await interrupt(['launch', 'base', '--boot', 'cold', '--name', 'never'], /launching/)).toBe(130)
  await waitUntil('the machine to be gone', async () => (await bed.json<{ name?: string }[]>('ls')).length === 1, {
    signal: AbortSignal.timeout(30_000),
  })
  expect((await bed.hearth(['launch', 'base', '--name', 'never'])).code).toBe(0)
  expect((await bed.hearth(['rm', 'never'])).code).toBe(0)
})

it('stops a fork, a snapshot, a restore and a verification, and the machine lives on', async () => {
  const snapshot = (await bed.hearth(['snapshot', 'create', 'web'])).stdout.trim()
  const commands = [
    ['fork', 'web', '4'],
    ['snapshot', 'create', 'web'],
    ['snapshot', 'restore', snapshot],
    ['snapshot', 'verify', snapshot],
  ]
  for (const args of commands) expect(await interrupt([...args, '--verbose'], /http.asking/)).toBe(130)
  await waitUntil('the machine to answer', async () => (await bed.hearth(['exec', 'web', 'true'])).code === 0, {
    signal: AbortSignal.timeout(30_000),
  })
})

it('stops a copy into a machine and leaves no part of it', async () => {
  writeFileSync(join(here, 'big'), Buffer.alloc(200_000_000))
  expect(await interrupt(['cp', join(here, 'big'), 'web:/root/big'], /copying/)).toBe(130)
  await waitUntil(
    'the part to be removed',
    async () => (await bed.hearth(['exec', 'web', '--', 'ls', '-A', '/root'])).stdout === '',
    {
      signal: AbortSignal.timeout(30_000),
    },
  )
})
