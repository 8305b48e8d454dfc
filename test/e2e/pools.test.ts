import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Running } from '../cli/support/cli-bed.ts'
import { hostTraces } from '../support/host-traces.ts'
import { waitUntil } from '../support/wait-until.ts'
import { HearthHome } from './support/hearth-home.ts'

interface Shown {
  readonly stats: { readonly depth: number; readonly target: number; readonly refill: string }
}

let home: HearthHome
let up: Running

beforeAll(async () => {
  home = await HearthHome.make()
  up = await begin()
})
afterAll(() => home[Symbol.asyncDispose]())

const patience = () => ({ signal: AbortSignal.timeout(240_000), everyMs: 100 })

/** `hearth up` in the foreground, once it serves. */
async function begin(): Promise<Running> {
  const running = home.begin(['up'])
  let said = ''
  running.child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await waitUntil('the server to be ready', () => said.includes('ready:') || running.child.exitCode !== null, patience())
  return running
}

it('hands out a machine that ran already, proves it, and Ctrl-C leaves nothing that nobody has', async () => {
  await home.said('template', 'build', 'base', 'builtin:base')
  await home.said('pool', 'set', 'base', '--min', '2', '--max', '2', '--validate', 'guest', '--validate', 'command:test -d /etc')
  expect(await home.said('pool', 'warm', 'base')).toMatch(/^base +base@1 +2\/2 /m)

  const launched = await home.hearth(['launch', 'base', '--boot', 'warm', '--name', 'web', '-e', 'COLOUR=blue'])
  expect(launched, launched.stderr).toMatchObject({ code: 0, stderr: expect.stringMatching(/web is warm in [\d.]+ ms/) })
  const receipt = await home.said('machine', 'receipt', 'web')
  for (const item of ['entropy', 'machine_id', 'generation', 'env', 'token']) {
    expect(receipt).toMatch(new RegExp(`^(identify|assign) +${item} +done `, 'm'))
  }
  expect(await home.said('exec', 'web', '--', 'sh', '-c', 'echo $COLOUR on $(hostname)')).toBe('blue on web\n')
  expect(await home.said('top')).toMatch(/^POOL .*\nbase .*\n\nID [\s\S]* web .* warm /)
  await home.said('rm', 'web')

  const pressedMs = performance.now()
  up.child.kill('SIGINT')
  expect((await up.ended).code).toBe(0)
  expect(performance.now() - pressedMs).toBeLessThan(9_000)
  await waitUntil('every process to be gone', () => hostTraces(home.path).processes.length === 0, patience())
})

it('is filled again after a restart, and machines that somebody has outlive the next Ctrl-C', async () => {
  up = await begin()
  await waitUntil(
    'the pool to be full',
    async () => (await home.json<Shown>('pool', 'show', 'base')).stats.depth === 2,
    patience(),
  )
  await home.said('launch', 'base', '--boot', 'warm', '--name', 'kept')
  up.child.kill('SIGINT')
  expect((await up.ended).code).toBe(0)
  expect(existsSync(join(home.path, 'hearth.sock'))).toBe(false)
  const machines = hostTraces(home.path).processes.filter((line) => / \S*qemu-system\S* /.test(line))
  expect(machines).toHaveLength(1)
  expect(await home.said('exec', 'kept', '--', 'echo', 'here')).toBe('here\n')
  await home.said('pool', 'rm', 'base')
  await home.said('rm', 'kept')
  await waitUntil(
    'machines to be gone',
    () => hostTraces(home.path).processes.every((line) => !line.includes('qemu')),
    patience(),
  )
})
