import { buffer, text } from 'node:stream/consumers'
import type { AssignRequest, GuestSession, IdentifyRequest } from '@hearth/model'
import { afterEach, describe, expect, it } from 'vitest'
import { openGuest } from './connection.ts'
import { InMemoryGuestDouble } from './doubles/in-memory-guest-double.ts'
import { LyingGuestDouble } from './doubles/lying-guest-double.ts'
import type { Inflow } from './inflow.ts'
import { verifyReceipt } from './receipt-check.ts'
import { generateSshHostKey } from './ssh-host-key.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close()
})

function connect(guest: InMemoryGuestDouble, token?: string) {
  const connection = openGuest(async () => guest.connect(), token === undefined ? {} : { token })
  opened.push(connection)
  return connection
}

async function run(session: GuestSession, ...argv: string[]) {
  const process = await session.exec({ argv })
  const [output, exit] = await Promise.all([text(process.stdout), process.exit])
  return { output: output.trimEnd(), code: exit.code }
}

const identity = (machineUuid: string): IdentifyRequest => ({
  generation: 2,
  entropy: Buffer.from(machineUuid.repeat(2)),
  wallClockMs: Date.now(),
  machineUuid,
  sshHostKeys: [generateSshHostKey()],
  mac: '02:a1:b2:c3:d4:e5',
  network: { address: '10.77.3.15/24', gateway: '10.77.3.2', dns: '10.77.3.3' },
})
const assignment = (hostname: string): AssignRequest => ({
  entropy: Buffer.from(hostname.padEnd(64, '.')),
  wallClockMs: Date.now(),
  hostname,
  env: { LANG: 'C' },
  secrets: { KEY: 'v' },
  files: [{ path: '/etc/motd', mode: 0o644, content: Buffer.from('hi') }],
  token: 'token-of-sixteen',
  linkUp: true,
})

describe('a session', () => {
  it('personalises, without waiting in between, with receipts that are proven', async () => {
    const guest = new InMemoryGuestDouble()
    guest.fallBehind(75_000)
    const session = await connect(guest).session()
    const who = identity('0123456789abcdef0123456789abcdef')
    const what = assignment('box-1')
    const [identified, assigned] = await Promise.all([session.identify(who), session.assign(what)])
    expect(verifyReceipt('identify', who, identified, session.hello.capabilities)).toEqual([])
    expect(verifyReceipt('assign', what, assigned, session.hello.capabilities)).toEqual([])
    expect(await run(session, 'hostname')).toEqual({ output: 'box-1', code: 0 })
    expect(await run(session, 'env')).toEqual({ output: 'KEY=v\nLANG=C', code: 0 })
    expect(guest.readFile('/etc/motd')?.toString()).toBe('hi')
  })

  it('shows two clones of one memory the same randomness until they are identified', async () => {
    const source = new InMemoryGuestDouble({ seed: 'one' })
    const clones = [source.clone(), source.clone()]
    const sessions = await Promise.all(clones.map((clone) => connect(clone).session()))
    const draw = () => Promise.all(sessions.map(async (session) => (await run(session, 'random')).output))
    const [first, second] = await draw()
    expect(first).toMatch(/^[0-9a-f]{32}$/)
    expect(first).toBe(second)
    await Promise.all(sessions.map((session, index) => session.identify(identity(String(index).repeat(32)))))
    const [third, fourth] = await draw()
    expect(third).not.toBe(fourth)
  })

  it('needs the token once one is set, and shows it by itself afterwards', async () => {
    const guest = new InMemoryGuestDouble()
    const connection = connect(guest)
    const session = await connection.session()
    await session.assign(assignment('box'))
    guest.disconnect()
    await session.closed
    expect((await connection.session()).hello.protocol).toBe(1)
    connection.close()
    const refused = await connect(guest)
      .session()
      .catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'guest_error', details: { reason: 'unauthorized' } })
    expect((await connect(guest, 'token-of-sixteen').session()).hello.protocol).toBe(1)
  })

  it('runs processes: output, codes, input, signals, lists', async () => {
    const session = await connect(new InMemoryGuestDouble()).session()
    expect(await run(session, 'echo', 'a', 'b')).toEqual({ output: 'a b', code: 0 })
    expect(await run(session, 'false')).toEqual({ output: '', code: 1 })
    expect(await run(session, 'exit', '7')).toEqual({ output: '', code: 7 })
    const cat = await session.exec({ argv: ['cat'], stdin: true, tag: 'copy' })
    cat.stdin.write('one')
    cat.stdin.end('two')
    expect(await text(cat.stdout)).toBe('onetwo')
    expect(await cat.exit).toEqual({ code: 0 })
    const sleep = await session.exec({ argv: ['sleep', '1000'], tag: 'slow' })
    expect(await session.listExecs()).toContainEqual(expect.objectContaining({ tag: 'slow', running: true }))
    await sleep.signal(9)
    expect(await sleep.exit).toEqual({ code: 137, signal: 9 })
  })

  it('moves files both ways, streamed', async () => {
    const session = await connect(new InMemoryGuestDouble()).session()
    const content = Buffer.alloc(3_000_000, 'abc')
    const write = await session.writeFile('/tmp/big', 0o600)
    write.content.end(content)
    await write.done
    const read = await session.readFile('/tmp/big')
    expect(read.stat).toMatchObject({ kind: 'file', sizeBytes: content.length, mode: 0o600 })
    expect((await buffer(read.content)).equals(content)).toBe(true)
    expect((await session.list('/', 2)).map((one) => one.path)).toContain('/tmp/big')
    await session.move('/tmp/big', '/srv/big')
    await expect(session.stat('/tmp/big')).rejects.toMatchObject({ details: { reason: 'not_found' } })
  })

  it('leaves nothing of a write that was given up', async () => {
    const guest = new InMemoryGuestDouble()
    const session = await connect(guest).session()
    const write = await session.writeFile('/tmp/half', 0o600)
    write.content.write('half')
    write.content.destroy()
    await expect(write.done).rejects.toMatchObject({ code: 'cancelled' })
    await expect(session.stat('/tmp/half')).rejects.toMatchObject({ details: { reason: 'not_found' } })
  })

  it('dials ports, and closes what it dialled', async () => {
    const session = await connect(new InMemoryGuestDouble({ echoPorts: [7] })).session()
    const echo = await session.dial(7)
    echo.end('hello')
    expect(await text(echo)).toBe('hello')
    const other = await session.dial(7)
    other.destroy()
    await expect(session.dial(8)).rejects.toMatchObject({ details: { reason: 'refused' } })
  })

  it('watches', async () => {
    const session = await connect(new InMemoryGuestDouble()).session()
    const watch = session.watch('/srv', false)
    await watch.ready
    await session.mkdir('/srv/a', 0o755)
    for await (const change of watch) {
      expect(change).toEqual({ kind: 'create', path: 'a' })
      break
    }
  })
})

describe('back-pressure', () => {
  it('stalls only the stream that nobody reads', async () => {
    const flood = Buffer.alloc(2_000_000, 'x')
    const guest = new InMemoryGuestDouble({
      commands: {
        flood: ({ process }) => {
          process.write(flood.subarray(0, 300_000))
          process.end(0)
        },
      },
    })
    const session = await connect(guest).session()
    const unread = await session.exec({ argv: ['flood'] })
    expect(await run(session, 'echo', 'still here')).toEqual({ output: 'still here', code: 0 })
    expect(unread.stdout.readableLength).toBeLessThan(100_000)
    expect((await buffer(unread.stdout)).length).toBe(300_000)
    expect(await unread.exit).toEqual({ code: 0 })
  })

  it('does not hold up a process whose output nobody wants', async () => {
    const guest = new InMemoryGuestDouble({
      commands: {
        flood: ({ process }) => {
          process.write(Buffer.alloc(300_000))
          process.end(3)
        },
      },
    })
    const process = await (await connect(guest).session()).exec({ argv: ['flood'] })
    process.stdout.destroy()
    expect(await process.exit).toEqual({ code: 3 })
  })
})

describe('output that nobody reads', () => {
  it('is bounded, however often the machine is suspended, and what is lost is counted', async () => {
    const writers: ((text: string) => void)[] = []
    const guest = new InMemoryGuestDouble({
      commands: {
        talk: ({ process }) => {
          writers.push((words) => process.write(words))
          process.onInputEnd = () => process.end(0)
        },
      },
    })
    const connection = connect(guest)
    const process = await (await connection.session()).exec({ argv: ['talk'], stdin: true })
    const rounds = 40
    for (let round = 0; round < rounds; round += 1) {
      writers[0]?.('x'.repeat(250_000))
      await connection.suspend(5_000)
      await connection.resume({})
    }
    // 4 MiB and the credit of one more session, of the 10 MB that were written.
    expect((process.stdout as Inflow).unreadBytes).toBeLessThan(4.6e6)
    process.stdin.end()
    const read = await buffer(process.stdout)
    expect(read.length).toBeGreaterThan(4e6)
    expect(read.length + process.lostBytes).toBe(rounds * 250_000)
  })
})

describe('suspend and resume', () => {
  it('lets requests wait, and streams go on', async () => {
    const guest = new InMemoryGuestDouble()
    const connection = connect(guest)
    const session = await connection.session()
    const cat = await session.exec({ argv: ['cat'], stdin: true })
    const output = text(cat.stdout)
    cat.stdin.write('before ')
    const watch = session.watch('/srv', true)
    await watch.ready
    expect(await connection.suspend(5_000)).toEqual({ frozen: true, synced: true })
    expect(guest.state.frozen).toBe(true)
    expect(await session.closed).toBeUndefined()
    cat.stdin.write('between ')
    const waiting = run(session, 'echo', 'waited')
    const seen = session.stat('/etc')
    const next = connection.session()
    await connection.resume({ env: { A: '1' }, token: 'token-of-sixteen' })
    expect(guest.state).toMatchObject({ frozen: false, env: ['A=1'] })
    cat.stdin.end('after')
    expect(await output).toBe('before between after')
    expect(await waiting).toEqual({ output: 'waited', code: 0 })
    expect((await seen).kind).toBe('directory')
    expect(await next).not.toBe(session)
    expect((await watch[Symbol.asyncIterator]().next()).value).toEqual({ kind: 'overflow', path: '' })
  })

  it('ends the wait of a request at its deadline', async () => {
    const connection = connect(new InMemoryGuestDouble())
    const session = await connection.session()
    await connection.suspend(5_000)
    await expect(session.stat('/', { signal: AbortSignal.timeout(30) })).rejects.toMatchObject({ code: 'guest_unreachable' })
    const cancelled = new AbortController()
    const stat = connection.session({ signal: cancelled.signal })
    cancelled.abort()
    await expect(stat).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('keeps everybody waiting after a suspension whose outcome is unknown, until resume', async () => {
    const guest = new LyingGuestDouble({ lie: { kind: 'hang_up', at: 4 } })
    const connection = connect(guest)
    const session = await connection.session()
    const cat = await session.exec({ argv: ['cat'], stdin: true })
    await expect(connection.suspend(5_000)).rejects.toMatchObject({ code: 'guest_unreachable' })
    const stat = session.stat('/')
    await expect(connection.session({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ code: 'guest_unreachable' })
    await connection.resume({})
    expect((await stat).kind).toBe('directory')
    cat.stdin.end('on')
    expect(await text(cat.stdout)).toBe('on')
  })

  it('ends the session of a suspension that is not answered', async () => {
    const guest = new LyingGuestDouble({ lie: { kind: 'silence', from: 4 } })
    const connection = connect(guest)
    const session = await connection.session()
    await expect(connection.suspend(5_000, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      code: 'guest_unreachable',
    })
    expect(await session.closed).toMatchObject({ code: 'guest_unreachable' })
  })

  it('takes up streams by itself when the byte stream breaks', async () => {
    const guest = new InMemoryGuestDouble()
    const connection = connect(guest)
    const session = await connection.session()
    const cat = await session.exec({ argv: ['cat'], stdin: true })
    const output = text(cat.stdout)
    cat.stdin.write('one ')
    guest.disconnect()
    expect(await session.closed).toMatchObject({ code: 'guest_unreachable' })
    cat.stdin.end('two')
    expect(await output).toBe('one two')
    expect(await cat.exit).toEqual({ code: 0 })
  })

  it('fails every stream and request when the connection is closed, and leaves nothing pending', async () => {
    const guest = new InMemoryGuestDouble()
    const connection = connect(guest)
    const session = await connection.session()
    const cat = await session.exec({ argv: ['cat'], stdin: true })
    const sleep = await session.exec({ argv: ['sleep', '1000'] })
    const watch = session.watch('/', true)[Symbol.asyncIterator]().next()
    await connection.suspend(5_000)
    const waiting = session.stat('/')
    const next = connection.session()
    connection.close()
    const all = await Promise.allSettled([cat.exit, sleep.exit, watch, waiting, next])
    expect(all.map((one) => one.status)).toEqual(Array(5).fill('rejected'))
  })

  it('has one stream at a time, also when a session follows the close of another at once', async () => {
    const guest = new InMemoryGuestDouble()
    let open = 0
    const connection = openGuest(async () => {
      expect(open).toBe(0)
      open += 1
      return guest.connect().once('close', () => {
        open -= 1
      })
    })
    opened.push(connection)
    for (let turn = 0; turn < 5; turn += 1) {
      const session = await connection.session()
      if (turn % 2 === 0) session.close()
      else guest.disconnect()
    }
    expect((await connection.session()).hello.protocol).toBe(1)
  })

  it('ends processes on close as they asked for', async () => {
    const guest = new InMemoryGuestDouble()
    const connection = connect(guest)
    const session = await connection.session()
    await session.exec({ argv: ['sleep', '1000'], tag: 'killed' })
    await session.exec({ argv: ['sleep', '1000'], tag: 'kept', onClose: 'keep' })
    session.close()
    const later = await connection.session()
    const running = (await later.listExecs()).filter((one) => one.running).map((one) => one.tag)
    expect(running).toEqual(['kept'])
    const kept = await later.attach({ tag: 'kept' })
    await kept.signal(15)
    expect(await kept.exit).toEqual({ code: 143, signal: 15 })
  })
})
