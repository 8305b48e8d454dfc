import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { GuestConnection, GuestSession } from '@hearth/model'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openGuest } from '../connection.ts'
import { verifyReceipt } from '../receipt-check.ts'
import { generateSshHostKey } from '../ssh-host-key.ts'
import { AgentProcess, agentBuilt } from './agent-process.ts'

let agent: AgentProcess
let connection: GuestConnection
let session: GuestSession

async function run(...argv: string[]) {
  const process = await session.exec({ argv })
  const [output, errors, exit] = await Promise.all([text(process.stdout), text(process.stderr), process.exit])
  return { output, errors, ...exit }
}

describe.runIf(agentBuilt)('the real guest agent', () => {
  beforeEach(async () => {
    agent = new AgentProcess()
    connection = openGuest(agent.connect)
    session = await connection.session()
  })

  afterEach(async () => {
    connection.close()
    await agent.stop()
  })

  it('introduces itself', () => {
    expect(session.hello).toMatchObject({ protocol: 1, init: false, generation: 0 })
    expect(session.hello.capabilities).toContain('pty')
  })

  it('is identified and assigned with receipts that are proven', async () => {
    const who = {
      generation: 5,
      entropy: randomBytes(64),
      wallClockMs: Date.now(),
      machineUuid: '0123456789abcdef0123456789abcdef',
      sshHostKeys: [generateSshHostKey()],
    }
    const what = {
      entropy: randomBytes(64),
      wallClockMs: Date.now(),
      hostname: 'box-1',
      env: { LANG: 'C', EMPTY: '' },
      secrets: { KEY: 'v' },
      files: [{ path: join(agent.root, 'etc/motd'), mode: 0o644, content: Buffer.from('hi') }],
      token: 'token-of-sixteen',
      linkUp: false,
    }
    const [identified, assigned] = await Promise.all([session.identify(who), session.assign(what)])
    const unproven = (problems: string[]) => problems.filter((problem) => !/^(entropy|clock|hostname|link):/.test(problem))
    // Without --system the agent leaves clock, entropy and host name of this computer alone.
    expect(unproven(verifyReceipt('identify', who, identified))).toEqual([])
    expect(unproven(verifyReceipt('assign', what, assigned))).toEqual([])
    expect(readFileSync(join(agent.root, 'etc/machine-id'), 'utf8').trim()).toBe(who.machineUuid)
    expect((await run('sh', '-c', 'echo $LANG-$KEY')).output).toBe('C-v\n')
  })

  it('runs processes: output, errors, codes, signals, what does not exist', async () => {
    expect(await run('sh', '-c', 'echo out; echo err >&2; exit 3')).toEqual({ output: 'out\n', errors: 'err\n', code: 3 })
    expect(await run('sh', '-c', 'kill -9 $$')).toMatchObject({ code: 137, signal: 9 })
    await expect(session.exec({ argv: ['no-such-program'] })).rejects.toMatchObject({
      code: 'guest_error',
      details: { reason: 'not_found' },
    })
    const sleep = await session.exec({ argv: ['sleep', '1000'], tag: 'slow' })
    expect(await session.listExecs()).toContainEqual(expect.objectContaining({ tag: 'slow', running: true }))
    await sleep.signal(15)
    expect(await sleep.exit).toEqual({ code: 143, signal: 15 })
  })

  it('has terminals: size, change of size, end of input', async () => {
    const shell = await session.exec({ argv: ['sh', '-c', 'stty size; read line; stty size; cat'], pty: { cols: 80, rows: 24 } })
    let output = ''
    for await (const chunk of shell.stdout) {
      const before = output
      output += String(chunk).replaceAll('\r', '')
      if (before.includes('24 80') || !output.includes('24 80')) continue
      await shell.resize(120, 40)
      shell.stdin.write('go\n')
      shell.stdin.end('last\n')
    }
    expect(await shell.exit).toMatchObject({ code: 0 })
    expect(output).toMatch(/^24 80\n(.*\n)*40 120\n(.*\n)*last\n/)
  })

  it('copies 64 MB through a process both ways at once without a wrong byte', async () => {
    const cat = await session.exec({ argv: ['cat'], stdin: true })
    const blocks = Array.from({ length: 64 }, () => randomBytes(1024 * 1024))
    const [sent, received] = await Promise.all([
      hashOf(blocks),
      hashStream(cat.stdout),
      pipeline(Readable.from(blocks), cat.stdin),
    ])
    expect(received).toBe(sent)
    expect(await cat.exit).toEqual({ code: 0 })
  })

  it('moves a file of 50 MB both ways', async () => {
    const path = join(agent.root, 'big')
    const blocks = Array.from({ length: 50 }, () => randomBytes(1024 * 1024))
    const write = await session.writeFile(path, 0o640)
    await Promise.all([pipeline(Readable.from(blocks), write.content), write.done])
    const read = await session.readFile(path)
    expect(read.stat).toMatchObject({ sizeBytes: 50 * 1024 * 1024, mode: 0o640, kind: 'file' })
    expect(await hashStream(read.content)).toBe(hashOf(blocks))
  })

  it('lists, moves, removes, and refuses', async () => {
    const under = (name: string) => join(agent.root, name)
    await session.mkdir(under('a/b'), 0o755)
    const write = await session.writeFile(under('a/b/file'), 0o600)
    write.content.end('x')
    await write.done
    expect((await session.list(under('a'), 2)).map((one) => one.path).sort()).toEqual([under('a/b'), under('a/b/file')])
    await session.move(under('a/b/file'), under('a/moved'))
    await expect(session.remove(under('a'), false)).rejects.toMatchObject({ details: { reason: 'not_empty' } })
    await session.remove(under('a'), true)
    await expect(session.stat(under('a'))).rejects.toMatchObject({ details: { reason: 'not_found' } })
    await expect(session.readFile(agent.root)).rejects.toMatchObject({ details: { reason: 'is_directory' } })
  })

  it('watches a directory', async () => {
    const watch = session.watch(agent.root, true)
    await watch.ready
    await session.mkdir(join(agent.root, 'seen'), 0o755)
    for await (const change of watch) {
      expect(change).toEqual({ kind: 'create', path: 'seen' })
      break
    }
  })

  it('dials its own ports', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    expect(await session.listeningPorts()).toContain(port)
    const echo = await session.dial(port)
    echo.end('hello')
    expect(await text(echo)).toBe('hello')
    server.close()
    await expect(session.dial(port)).rejects.toMatchObject({ details: { reason: 'refused' } })
    expect(await session.metrics()).toMatchObject({ cpuCount: expect.any(Number) })
  })

  it('keeps a process and a file going over 100 suspensions and 50 broken streams without a lost or doubled byte', async () => {
    const cat = await session.exec({ argv: ['cat'], stdin: true })
    const blocks = Array.from({ length: 150 }, () => randomBytes(90_000))
    const received = hashStream(cat.stdout)
    const path = join(agent.root, 'over')
    const write = await session.writeFile(path, 0o600)
    for (const [index, block] of blocks.entries()) {
      const taken = [cat.stdin, write.content].map((stream) => new Promise((resolve) => stream.write(block, resolve)))
      if (index % 3 === 1) agent.breakOff()
      else {
        await connection.suspend(10_000)
        await connection.resume({})
      }
      await Promise.all(taken)
    }
    cat.stdin.end()
    write.content.end()
    await write.done
    expect(await received).toBe(hashOf(blocks))
    expect(cat.lostBytes).toBe(0)
    const read = await (await connection.session()).readFile(path)
    expect(await hashStream(read.content)).toBe(hashOf(blocks))
  })

  it('answers others while one stream floods and nobody reads it', async () => {
    const flood = await session.exec({ argv: ['sh', '-c', 'while :; do echo flood; done'] })
    const began = performance.now()
    for (let i = 0; i < 20; i += 1) await session.stat('/')
    expect(performance.now() - began).toBeLessThan(5_000)
    expect(flood.stdout.readableLength).toBeLessThan(200_000)
    flood.close()
    await expect(flood.exit).rejects.toMatchObject({ code: 'cancelled' })
  })
})

function hashOf(blocks: readonly Buffer[]): string {
  const hash = createHash('sha256')
  for (const block of blocks) hash.update(block)
  return hash.digest('hex')
}

async function hashStream(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk)
  return hash.digest('hex')
}
