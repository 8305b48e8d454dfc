import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CliBed } from '../cli/support/cli-bed.ts'
import { OnTerminal } from '../cli/support/on-terminal.ts'
import { waitUntil } from '../support/wait-until.ts'

let bed: CliBed
let here: string

beforeAll(async () => {
  bed = CliBed.real()
  here = mkdtempSync(join(tmpdir(), 'ce-'))
  const built = await bed.hearth(['template', 'build', 'base', 'builtin:base'])
  expect(built, built.stderr).toMatchObject({ code: 0, stdout: 'base@1\n' })
  expect((await bed.hearth(['launch', 'base', '--name', 'web', '-e', 'COLOUR=blue'])).code).toBe(0)
})

afterAll(async () => {
  await bed.stop()
  rmSync(here, { recursive: true, force: true })
})

const patience = () => ({ signal: AbortSignal.timeout(240_000), everyMs: 100 })
const inside = async (script: string) => (await bed.hearth(['exec', 'web', '--', 'sh', '-c', script])).stdout

it('runs programs of a machine with their streams, environment and exit codes', async () => {
  const script = 'cat; echo "$COLOUR" >&2; exit 7'
  expect(await bed.hearth(['exec', '-i', 'web', '--', 'sh', '-c', script], { input: 'in' })).toEqual({
    code: 7,
    stdout: 'in',
    stderr: 'blue\n',
  })
  expect((await bed.hearth(['exec', 'web', '--', 'sh', '-c', 'kill -9 $$'])).code).toBe(137)
  expect(await bed.hearth(['exec', 'web', 'no-such-program'])).toMatchObject({
    code: 125,
    stderr: expect.stringContaining('try:'),
  })
})

it('gives a terminal that follows the size of the local one and passes Ctrl-C on', async () => {
  const terminal = new OnTerminal(bed.home, `tty > ${here}/tty; stty cols 91 rows 17; hearth exec -it web sh`)
  await terminal.shows(/# /)
  terminal.type('stty size; echo first-$((1 + 1))\n')
  await terminal.shows('first-2')
  expect(terminal.screen).toMatch(/[\r\n]17 91[\r\n]/)
  spawnSync('stty', ['-F', readFileSync(join(here, 'tty'), 'utf8').trim(), 'cols', '120', 'rows', '40'])
  await waitUntil(
    'the new size to arrive',
    () => {
      terminal.type('stty size\n')
      return /[\r\n]40 120[\r\n]/.test(terminal.screen)
    },
    patience(),
  )
  terminal.type('sleep 600\n')
  await terminal.shows('sleep 600')
  await waitUntil('sleep to run', async () => (await inside('pidof sleep')) !== '', patience())
  terminal.type('\u0003')
  terminal.type('exit 5\n')
  expect(await terminal.exitCode()).toBe(5)
})

it('copies folders both ways with their links, and a large file without changing a byte', async () => {
  mkdirSync(join(here, 'd/e'), { recursive: true })
  writeFileSync(join(here, 'd/one'), '1', { mode: 0o751 })
  symlinkSync('../one', join(here, 'd/e/link'))
  const large = randomBytes(20_000_000)
  writeFileSync(join(here, 'd/large'), large)
  const copied = await bed.hearth(['cp', join(here, 'd'), 'web:/root'])
  expect(copied, copied.stderr).toMatchObject({ code: 0 })
  expect(await inside('stat -c %a /root/d/one; readlink /root/d/e/link; sha256sum < /root/d/large')).toBe(
    `751\n../one\n${createHash('sha256').update(large).digest('hex')}  -\n`,
  )
  expect((await bed.hearth(['cp', 'web:/root/d', join(here, 'back')])).code).toBe(0)
  expect(readFileSync(join(here, 'back/large')).equals(large)).toBe(true)
  expect(readlinkSync(join(here, 'back/e/link'))).toBe('../one')
})

it('attaches to a program that was left running', async () => {
  await bed.hearth([
    'exec',
    '--detach',
    '--tag',
    'job',
    'web',
    '--',
    'sh',
    '-c',
    'echo begun; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo over; exit 3',
  ])
  const attached = bed.begin(['exec', '--attach', 'job', 'web'])
  await once(attached.child.stdout as Readable, 'data')
  await inside('touch /tmp/go')
  expect(await attached.ended).toMatchObject({ code: 3, stdout: 'begun\nover\n' })
})

it('forwards a port of the machine', async () => {
  await inside('mkdir -p /srv; echo hello > /srv/index.html')
  await bed.hearth(['exec', '--detach', 'web', 'httpd', '-f', '-p', '127.0.0.1:8080', '-h', '/srv'])
  const { child, ended } = bed.begin(['port-forward', 'web', '0:8080'])
  const [line] = await once(child.stdout as Readable, 'data')
  const port = Number(/^127\.0\.0\.1:(\d+) /.exec(String(line))?.[1])
  const get = async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /index.html HTTP/1.0\r\n\r\n')
    return text(socket)
  }
  await waitUntil('the service to answer', async () => (await get()).includes('hello'), patience())
  const answers = await Promise.all(Array.from({ length: 8 }, get))
  expect(answers.every((answer) => answer.endsWith('hello\n'))).toBe(true)
  child.kill('SIGINT')
  expect((await ended).code).toBe(130)
})

it('serves many clients of one machine at once; a client that is killed harms no other and leaves nothing running', async () => {
  writeFileSync(join(here, 'many'), randomBytes(60_000_000))
  const count = 'i=0; while [ $i -lt 400 ]; do echo $i; i=$((i + 1)); done; cat'
  const execs = Array.from({ length: 8 }, () => bed.begin(['exec', '-i', 'web', '--', 'sh', '-c', count], { keepOpen: true }))
  const terminal = new OnTerminal(bed.home, 'hearth exec -it web sh')
  const copy = bed.begin(['cp', join(here, 'many'), 'web:/root/many'])
  const victim = bed.begin(['exec', 'web', 'sleep', '4321'])
  await waitUntil('the victim to run', async () => (await inside('pidof sleep')) !== '', patience())
  victim.child.kill('SIGKILL')
  await waitUntil('the program of the killed client to be ended', async () => (await inside('pidof sleep')) === '', patience())
  await terminal.shows(/# /)
  terminal.type('echo still-$((1 + 1)); exit\n')
  await terminal.shows('still-2')
  for (const { child } of execs) child.stdin?.end('the end\n')
  const expected = `${Array.from({ length: 400 }, (_, index) => index).join('\n')}\nthe end\n`
  const ended = await Promise.all(execs.map((exec) => exec.ended))
  expect(ended.map(({ code, stdout }) => [code, stdout === expected])).toEqual(Array(8).fill([0, true]))
  expect((await copy.ended).code).toBe(0)
  const digest = createHash('sha256')
    .update(readFileSync(join(here, 'many')))
    .digest('hex')
  expect(await inside('sha256sum < /root/many')).toBe(`${digest}  -\n`)
})

it('forks, freezes and restores, and leaves nothing after "rm --all"', async () => {
  await inside('echo kept > /root/kept')
  const { results } = await bed.json<{ results: { machine: { id: string } }[] }>('fork', 'web', '2')
  const snapshot = (await bed.hearth(['snapshot', 'create', 'web'])).stdout.trim()
  const restored = (await bed.hearth(['snapshot', 'restore', snapshot, '--name', 'again'])).stdout.trim()
  for (const id of [...results.map(({ machine }) => machine.id), restored]) {
    expect((await bed.hearth(['exec', id, 'cat', '/root/kept'])).stdout).toBe('kept\n')
  }
  expect((await bed.hearth(['rm', '--all'])).code).toBe(0)
  expect(await bed.json('ls')).toEqual([])
})
