import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { livingProcesses } from '../support/process-list.ts'
import { waitUntil } from '../support/wait-until.ts'
import { hearthProgram } from './support/cli-bed.ts'

let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hs-'))
})

afterEach(async () => {
  await hearth('server', 'stop')
  await waitUntil('the processes of the home to be gone', () => ours().length === 0)
  rmSync(home, { recursive: true, force: true })
})

const begin = (...args: string[]) =>
  spawn(process.execPath, [hearthProgram, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HEARTH_HOME: home, HEARTH_LOG: '' },
  })

async function hearth(...args: string[]) {
  const child = begin(...args)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, stdout, stderr }
}

const ours = () => livingProcesses().filter(({ argv }) => argv.includes(home))
const servers = () => ours().filter(({ argv }) => argv.some((word) => word.endsWith('server/src/main.ts')))

it('is started by the first command, once also when several come at once, and stays', async () => {
  const ended = await Promise.all([hearth('ls'), hearth('ls'), hearth('template', 'list', '--json')])
  expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(Array(3).fill([0, '']))
  expect(servers()).toHaveLength(1)
  const { stdout } = await hearth('server', 'status', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ running: true, pid: servers()[0]?.pid, home })
})

it('is gone when "server stop" says so, and can be started again', async () => {
  await hearth('ls')
  expect(await hearth('server', 'stop')).toMatchObject({ code: 0, stdout: 'stopped\n' })
  expect(servers()).toEqual([])
  expect(await hearth('server', 'stop')).toMatchObject({ code: 0, stdout: expect.stringContaining('no server runs') })
  expect((await hearth('ls')).code).toBe(0)
})

it('is started anew after it was killed', async () => {
  await hearth('ls')
  const [server] = servers()
  process.kill(server?.pid ?? 0, 'SIGKILL')
  await waitUntil('the server to be gone', () => servers().length === 0)
  expect(existsSync(join(home, 'hearth.sock'))).toBe(true)
  expect(await hearth('ls')).toMatchObject({ code: 0, stderr: '' })
})

it('runs in the foreground until Ctrl-C, and never twice', async () => {
  const up = begin('up')
  const output = text(up.stderr)
  await waitUntil('the server to answer', async () => (await hearth('server', 'status')).code === 0, {
    signal: AbortSignal.timeout(30_000),
    everyMs: 100,
  })
  expect(await hearth('up')).toMatchObject({ code: 1, stderr: expect.stringMatching(/already runs[\s\S]*try: .*server stop/) })
  up.kill('SIGINT')
  const [code] = await once(up, 'exit')
  expect([code, servers()]).toEqual([0, []])
  await output
})

it('says, when it is up, where it answers and with which key; that works', async () => {
  const up = begin('up', '--listen', '127.0.0.1:0')
  let said = ''
  up.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  up.stdout.resume()
  await waitUntil('the server to be up', () => said.includes('Ctrl-C ends the server'), {
    signal: AbortSignal.timeout(30_000),
    everyMs: 50,
  })
  const [, url = ''] = /export HEARTH_SERVER=(\S+)/.exec(said) ?? []
  const [, keyFile = ''] = /export HEARTH_API_KEY_FILE=(\S+),/.exec(said) ?? []
  expect([statSync(keyFile).mode & 0o777, said]).toEqual([
    0o600,
    expect.not.stringContaining(readFileSync(keyFile, 'utf8').trim()),
  ])
  const env = { ...process.env, HEARTH_HOME: join(home, 'other'), HEARTH_SERVER: url, HEARTH_API_KEY_FILE: keyFile }
  const asking = spawn(process.execPath, [hearthProgram, 'server', 'status'], { stdio: ['ignore', 'pipe', 'inherit'], env })
  expect(await text(asking.stdout)).toMatch(new RegExp(`^home: +${home}$`, 'm'))
  up.kill('SIGINT')
  const [code] = await once(up, 'exit')
  expect([code, servers()]).toEqual([0, []])
})

it('that cannot start says why, and where more is written', async () => {
  writeFileSync(join(home, 'hearth.yaml'), 'colour: blue\n')
  const { code, stderr } = await hearth('ls')
  expect([code, stderr]).toEqual([1, expect.stringMatching(/ended with code 1:[\s\S]*colour[\s\S]*try: .*hearth doctor/)])
  expect(readFileSync(join(home, 'server.log'), 'utf8')).toContain('colour')
  expect(await hearth('doctor')).toMatchObject({ code: 1, stdout: expect.stringContaining('colour') })
  rmSync(join(home, 'hearth.yaml'))
})

it('says what is wrong with a home that cannot be', async () => {
  writeFileSync(join(home, 'file'), '')
  const inFile = await hearth('ls', '--home', join(home, 'file/below'))
  expect([inFile.code, inFile.stderr]).toEqual([1, expect.stringMatching(/cannot be (made|used)[\s\S]*try: .*--home/)])
  const tooLong = await hearth('ls', '--home', join(home, 'x'.repeat(120)))
  expect([tooLong.code, tooLong.stderr]).toEqual([1, expect.stringMatching(/longer than 107 bytes[\s\S]*try: /)])
})

it('is not left half-started by Ctrl-C', async () => {
  const child = begin('ls')
  await waitUntil('the server to begin', () => servers().length > 0)
  child.kill('SIGINT')
  const [code] = await once(child, 'exit')
  expect(code).toBe(130)
  // Either it has ended, or it serves: the next command is served in any case.
  expect((await hearth('ls')).code).toBe(0)
})
