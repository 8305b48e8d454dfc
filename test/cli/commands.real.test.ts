import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitUntil } from '../support/wait-until.ts'
import { CliBed } from './support/cli-bed.ts'

let bed: CliBed

beforeAll(async () => {
  bed = await CliBed.pretended()
  expect(await bed.hearth(['template', 'build', 'base', 'builtin:base'])).toMatchObject({ code: 0, stdout: 'base@1\n' })
  expect((await bed.hearth(['launch', 'base', '--name', 'web'])).code).toBe(0)
})

afterAll(() => bed.stop())

describe('machines', () => {
  it('are launched with what was asked for, and the id alone is on stdout', async () => {
    const args = [
      'launch',
      'base',
      '--name',
      'asked',
      '--hostname',
      'h',
      '-e',
      'A=1',
      '-e',
      'HERE',
      '--label',
      'team=x',
      '--secret',
      'S=hidden',
    ]
    const { code, stdout, stderr } = await bed.hearth(args, { env: { HERE: '2' } })
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^m-[a-z0-9]{16}\n$/)])
    expect(stderr).toMatch(/^asked is restored in /)
    const machine = await bed.json<object>('show', 'asked')
    expect(machine).toMatchObject({ hostname: 'h', env: { A: '1', HERE: '2' }, labels: { team: 'x' } })
    expect(JSON.stringify(machine)).not.toContain('hidden')
    expect((await bed.hearth(['exec', 'asked', '--', 'sh', '-c', 'echo $A $HERE $S'])).stdout).toBe('1 2 hidden\n')
    expect(await bed.hearth(['rm', 'asked'])).toMatchObject({ code: 0, stdout: 'asked\n' })
  })

  it('are listed as a table and as data, and pause, resume and end by name or id', async () => {
    const [machine] = await bed.json<{ id: string; name: string }[]>('ls')
    expect(machine).toMatchObject({ name: 'web', state: 'running' })
    const table = (await bed.hearth(['ls'])).stdout
    expect(table.split('\n')[0]).toMatch(/^ID +NAME +STATE +TEMPLATE +BOOT +ADDRESS +AGE$/)
    expect(table).toContain('web')
    const id = machine?.id ?? ''
    expect((await bed.hearth(['pause', id])).code).toBe(0)
    expect(await bed.json('show', 'web')).toMatchObject({ state: 'paused' })
    const refused = await bed.hearth(['exec', 'web', 'true'])
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('try:')])
    expect((await bed.hearth(['resume', 'web'])).code).toBe(0)
  })

  it('fork, and all end together; one that is not there does not keep the others alive', async () => {
    const { results } = await bed.json<{ results: { machine: { id: string } }[] }>('fork', 'web', '3', '--name', 'twin')
    expect(results).toHaveLength(3)
    const ids = results.map(({ machine }) => machine.id)
    const { code, stderr } = await bed.hearth(['rm', 'nobody', ...ids])
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no machine "nobody"')])
    expect((await bed.json<{ id: string }[]>('ls')).map(({ id }) => id)).not.toEqual(expect.arrayContaining(ids))
  })

  it('show receipt, stats and console', async () => {
    expect((await bed.hearth(['receipt', 'web'])).stdout).toContain('machine_id')
    expect((await bed.hearth(['stats', 'web'])).stdout).toContain('memory of its own')
    expect((await bed.hearth(['logs', 'web', '--tail', '1KiB'])).stdout).toContain('guest agent is listening')
  })

  it('follow a console until Ctrl-C', async () => {
    const { child, ended } = bed.begin(['logs', '-f', 'web'])
    await once(child.stdout as Readable, 'data')
    child.kill('SIGINT')
    expect(await ended).toMatchObject({ code: 130 })
  })
})

describe('templates', () => {
  it('take options behind their source, and a start command with options of its own behind "--"', async () => {
    const args = [
      'template',
      'build',
      'service',
      'builtin:base',
      '--no-cache',
      '--memory',
      '512MiB',
      '-e',
      'A=1',
      '--',
      'sleep',
      '-x',
      '--no-cache',
    ]
    await bed.hearth(args)
    expect(await bed.json('template', 'show', 'service')).toMatchObject({
      resources: { memoryMiB: 512 },
      env: { A: '1' },
      start: ['sleep', '-x', '--no-cache'],
    })
  })

  it('are removed', async () => {
    expect((await bed.hearth(['template', 'build', 'short', 'builtin:base'])).stdout).toBe('short@1\n')
    expect((await bed.hearth(['template', 'rm', 'short@1'])).code).toBe(0)
    expect(await bed.hearth(['template', 'show', 'short'])).toMatchObject({ code: 1, stderr: expect.stringContaining('try:') })
  })
})

describe('snapshots', () => {
  it('are created, listed, verified, restored and removed', async () => {
    const created = await bed.hearth(['snapshot', 'create', 'web', '--tag', 'before'])
    expect([created.code, created.stderr]).toEqual([0, expect.stringContaining('stood still')])
    const id = created.stdout.trim()
    expect((await bed.hearth(['snapshot', 'list', '--machine', 'web'])).stdout).toMatch(new RegExp(`${id} +ready +user .*before`))
    expect((await bed.hearth(['snapshot', 'verify', id])).stdout).toBe(`${id}  ok\n`)
    expect((await bed.hearth(['snapshot', 'show', id])).stdout).toContain('SHA-256')
    expect((await bed.hearth(['snapshot', 'restore', id, '--name', 'again'])).code).toBe(0)
    const inUse = await bed.hearth(['snapshot', 'rm', id])
    expect([inUse.code, inUse.stderr]).toEqual([1, expect.stringContaining('try:')])
    expect((await bed.hearth(['snapshot', 'rm', '--force', id])).code).toBe(0)
    expect((await bed.json<{ name?: string }[]>('ls')).map(({ name }) => name)).not.toContain('again')
  })
})

describe('failures', () => {
  it.each([
    [['launch', 'nope'], 1, /there is no template "nope"[\s\S]*try:.*hearth template list/],
    [['show', 'nope'], 1, /there is no machine "nope"[\s\S]*try:.*hearth ls/],
    [['snapshot', 'show', 's-0000000000000000'], 1, /try:.*hearth snapshot list/],
    [['launch', 'base', '--name', 'web'], 1, /web[\s\S]*try:/],
    [['launch', 'a/../b'], 1, /template: "a\/..\/b" is not allowed[\s\S]*try: .*hearth launch --help/],
    [['template', 'build', 'x', 'docker:alpine'], 2, /not an image source[\s\S]*try: .*builtin:base/],
    [['launch', 'base', '--memory', '512'], 2, /"512" is not a size[\s\S]*try: .*512MiB/],
    [['launch', 'base', '--timeout', '2h30'], 2, /"2h30" is not a duration/],
    [['frok'], 2, /unknown command 'frok'[\s\S]*fork[\s\S]*try: hearth --help/],
    [['ls', '--al'], 2, /unknown option '--al'[\s\S]*try: hearth ls --help/],
    [['snapshot', 'create'], 2, /missing required argument[\s\S]*try: hearth snapshot create --help/],
    [['rm'], 2, /which machine/],
    [['exec', 'web'], 125, /which program/],
    [['exec', 'web', '--', 'no-such-program'], 125, /no-such-program: not found/],
  ] as const)('of %j end with %i, the reason and the next command', async (args, code, message) => {
    const ended = await bed.hearth(args)
    expect([ended.code, ended.stderr, ended.stdout]).toEqual([code, expect.stringMatching(message), ''])
  })

  it('are data on stderr when data was asked for', async () => {
    const { code, stdout, stderr } = await bed.hearth(['show', 'nope', '--json'])
    expect([code, stdout]).toEqual([1, ''])
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'machine_not_found', hint: expect.any(String) } })
  })
})

describe('exec', () => {
  it('passes stdin, stdout, stderr and the exit code', async () => {
    const script = 'cat; echo bad >&2; exit 7'
    const ended = await bed.hearth(['exec', '-i', 'web', '--', 'sh', '-c', script], { input: 'good' })
    expect(ended).toEqual({ code: 7, stdout: 'good', stderr: 'bad\n' })
  })

  it('passes megabytes in and out without losing a byte', async () => {
    const input = Buffer.alloc(5_000_000, 'hearth ')
    const { code, stdout } = await bed.hearth(['exec', '-i', 'web', 'cat'], { input })
    expect([code, stdout === input.toString()]).toEqual([0, true])
  })

  it('takes options behind the machine for the program, and exit codes of signals as shells do', async () => {
    expect((await bed.hearth(['exec', 'web', 'echo', '--json', '-t'])).stdout).toBe('--json -t\n')
    expect((await bed.hearth(['exec', 'web', '--', 'sh', '-c', 'kill -9 $$'])).code).toBe(137)
  })

  it('gives no stdin unless asked to', async () => {
    expect(await bed.hearth(['exec', 'web', 'cat'], { input: 'unseen' })).toMatchObject({ code: 0, stdout: '' })
  })

  it('ends the program at Ctrl-C', async () => {
    const { child, ended } = bed.begin([
      'exec',
      'web',
      '--',
      'sh',
      '-c',
      'echo begun; trap "touch $GUEST/tmp/ended; exit" TERM; sleep 60 & wait',
    ])
    await once(child.stdout as Readable, 'data')
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    await waitUntil(
      'the program to be ended',
      async () => (await bed.hearth(['exec', 'web', '--', 'sh', '-c', 'test -f $GUEST/tmp/ended'])).code === 0,
    )
  })

  it('leaves a detached program running and prints its number', async () => {
    const script = 'sleep 1; touch $GUEST/tmp/detached'
    expect((await bed.hearth(['exec', '--detach', 'web', '--', 'sh', '-c', script])).stdout).toMatch(/^\d+\n$/)
    const isDone = async () => (await bed.hearth(['exec', 'web', '--', 'sh', '-c', 'test -f $GUEST/tmp/detached'])).code === 0
    await waitUntil('the detached program to do its work', isDone)
  })

  it('stops quietly when nobody reads on', async () => {
    const { child } = bed.begin(['exec', 'web', 'yes'])
    await once(child.stdout as Readable, 'data')
    child.stdout?.destroy()
    const [code] = await once(child, 'exit')
    expect(code).toBe(141)
  })
})

describe('port-forward', () => {
  it('carries many connections at once, each direction to its own end', async () => {
    const service = createServer({ allowHalfOpen: true }, async (socket) => socket.end((await text(socket)).toUpperCase()))
    service.listen(0, '127.0.0.1')
    await once(service, 'listening')
    const { child, ended } = bed.begin(['port-forward', 'web', `0:${(service.address() as AddressInfo).port}`])
    const [line] = await once(child.stdout as Readable, 'data')
    const port = Number(/^127\.0\.0\.1:(\d+) -> web:/.exec(String(line))?.[1])
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (letter) => {
        const socket = connect(port, '127.0.0.1')
        socket.end(letter.repeat(300_000))
        return text(socket)
      }),
    )
    expect(answers.map((answer) => [answer[0], answer.length])).toEqual([
      ['A', 300_000],
      ['B', 300_000],
      ['C', 300_000],
      ['D', 300_000],
    ])
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
    service.close()
  })

  it('says at once that there is no such machine, and that a port is taken', async () => {
    expect(await bed.hearth(['port-forward', 'nope', '0:80'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no machine'),
    })
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const { code, stderr } = await bed.hearth(['port-forward', 'web', `${port}:80`])
    expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot be used[\s\S]*try: .*0:80/)])
    taken.close()
  })
})

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { code, stdout } = await bed.hearth(['completion', shell])
    expect([code, stdout]).toEqual([0, expect.stringContaining('hearth')])
  })

  it('knows commands, machines, templates and snapshots', async () => {
    const offered = async (...words: string[]) =>
      (await bed.hearth(['complete', '--', ...words])).stdout.split('\n').map((line) => line.split('\t')[0])
    expect(await offered('te')).toContain('template')
    expect(await offered('exec', '')).toContain('web')
    expect(await offered('launch', '')).toEqual(expect.arrayContaining(['base', 'base@1']))
    expect(await offered('snapshot', 'restore', '')).toContainEqual(expect.stringMatching(/^s-[a-z0-9]{16}$/))
  })

  it('offers nothing, without a word, where no server runs', async () => {
    const { code, stdout, stderr } = await bed.hearth(['complete', '--', 'exec', ''], { env: { HEARTH_HOME: '/nonexistent' } })
    expect([code, stdout, stderr]).toEqual([0, ':4\n', ''])
  })
})

describe('the server', () => {
  it('is shown', async () => {
    expect((await bed.hearth(['server', 'status'])).stdout).toContain('driver memory')
  })

  it('is not started by asking for its status', async () => {
    const { code, stdout } = await bed.hearth(['server', 'status'], { env: { HEARTH_HOME: '/nonexistent' } })
    expect([code, stdout]).toEqual([1, 'no server runs for /nonexistent\n'])
  })
})
