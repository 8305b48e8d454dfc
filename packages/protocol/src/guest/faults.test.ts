import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { openGuest } from './connection.ts'
import { type Lie, LyingGuestDouble } from './doubles/lying-guest-double.ts'
import { handshakeAnswer } from './handshake.ts'
import { methods } from './messages.ts'

const opened: { close(): void }[] = []
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close()
})

const timing = { firstAnswerMs: 20, lastAnswerMs: 40, firstPauseMs: 1, longestPauseMs: 5 }

function lied(lie: Lie, options: { deadlineMs?: number } = {}) {
  const guest = new LyingGuestDouble({ lie })
  const connection = openGuest(async () => guest.connect(), { timing, ...options })
  opened.push(connection)
  return connection
}

describe('a guest that breaks the protocol ends its session with guest_protocol', () => {
  const at = methods.stat.number
  const lies: Lie[] = [
    { kind: 'garbage', at },
    { kind: 'garbage', at, bytes: Buffer.from('0000000411000000', 'hex') },
    { kind: 'garbage', at, bytes: Buffer.from('00000005ff00000002', 'hex') },
    { kind: 'oversize', at },
    { kind: 'unknown_stream', at },
    { kind: 'endless_data', at },
    { kind: 'broken_reply', at },
  ]
  it.each(lies)('%o', async (lie) => {
    const session = await lied(lie).session()
    const others = session.exec({ argv: ['sleep', '1000'] })
    const waiting = [session.stat('/'), session.metrics(), (await others).exit]
    const answers = await Promise.allSettled([waiting[0], waiting[2]])
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'guest_protocol' } })
    expect(await session.closed).toMatchObject({ code: 'guest_protocol' })
    await expect(session.stat('/')).rejects.toMatchObject({ code: 'guest_protocol' })
    await Promise.allSettled(waiting)
  })

  it('when the data of a process goes beyond the credit, however little of it is read', async () => {
    const session = await lied({ kind: 'endless_data', at: methods.exec.number }).session()
    const started = await session.exec({ argv: ['sleep', '1'] }).catch((error: unknown) => error)
    expect(await session.closed).toMatchObject({ code: 'guest_protocol', message: expect.stringContaining('beyond the credit') })
    expect(started).toBeDefined()
  })

  it('in its hello', async () => {
    await expect(lied({ kind: 'broken_reply', at: 1 }).session()).rejects.toMatchObject({ code: 'guest_protocol' })
  })
})

describe('a guest that says nothing', () => {
  it('to a request: the request ends at its deadline, the session goes on', async () => {
    const session = await lied({ kind: 'silence', from: methods.ports.number }, { deadlineMs: 30 }).session()
    await expect(session.listeningPorts()).rejects.toMatchObject({
      code: 'guest_unreachable',
      message: 'PORTS: no answer within 30 ms',
    })
    const process = await session.exec({ argv: ['echo', 'on'] })
    expect(await text(process.stdout)).toBe('on\n')
  })

  it('to a request whose signal is aborted: cancelled, and the guest is told', async () => {
    const session = await lied({ kind: 'silence', from: 31 }).session()
    const controller = new AbortController()
    const ports = session.listeningPorts({ signal: controller.signal })
    controller.abort()
    await expect(ports).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('at all: the connection ends at the deadline', async () => {
    const connection = lied({ kind: 'silence', from: 1 })
    await expect(connection.session({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'guest_unreachable' })
  })

  it('and hangs up: requests end, a new session may begin', async () => {
    const connection = lied({ kind: 'hang_up', at: methods.stat.number })
    const session = await connection.session()
    await expect(session.stat('/')).rejects.toMatchObject({ code: 'guest_unreachable' })
    expect(await connection.session()).not.toBe(session)
  })
})

describe('the handshake', () => {
  /** A guest that answers only the n-th connection, and says something else before. */
  function answersAt(attempt: number, before: Buffer) {
    const nonces: string[] = []
    const streams: { destroyed: boolean }[] = []
    const connect = async () => {
      const [host, guest] = duplexPair()
      streams.push(host)
      guest.on('error', () => undefined)
      guest.once('data', (line: Buffer) => {
        const nonce = line.toString().slice(10, 42)
        nonces.push(nonce)
        guest.write(before)
        if (nonces.length < attempt) return
        guest.write(handshakeAnswer(nonce))
        guest.once('data', () => guest.end())
      })
      return host
    }
    return { connect, nonces, streams }
  }

  it('is tried again with another nonce until there is an answer, one stream at a time', async () => {
    const guest = answersAt(4, Buffer.alloc(0))
    const connection = openGuest(
      async () => {
        expect(guest.streams.every((stream) => stream.destroyed)).toBe(true)
        return guest.connect()
      },
      { timing },
    )
    opened.push(connection)
    const session = connection.session({ signal: AbortSignal.timeout(250) })
    await expect(session).rejects.toMatchObject({ code: 'guest_unreachable' })
    expect(guest.nonces.length).toBeGreaterThanOrEqual(4)
    expect(new Set(guest.nonces).size).toBe(guest.nonces.length)
  })

  it('skips what an earlier session left, but no more than 1 MiB of it', async () => {
    const leftover = answersAt(1, Buffer.alloc(1024 * 1024 - 100, '\n'))
    const connection = openGuest(leftover.connect, { timing })
    opened.push(connection)
    await expect(connection.session({ signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: 'guest_unreachable' })
    const endless = answersAt(1, Buffer.alloc(1024 * 1024 + 100, '\n'))
    const other = openGuest(endless.connect, { timing })
    opened.push(other)
    await expect(other.session()).rejects.toMatchObject({ code: 'guest_protocol', message: expect.stringContaining('1 MiB') })
  })

  it('believes a driver that says there is no such machine, and asks again when it is busy', async () => {
    const { HearthError } = await import('@hearth/model')
    let calls = 0
    const connection = openGuest(
      async () => {
        calls += 1
        throw new HearthError(calls < 3 ? 'driver_busy' : 'driver_not_found', 'no such machine')
      },
      { timing },
    )
    opened.push(connection)
    await expect(connection.session()).rejects.toMatchObject({ code: 'driver_not_found' })
    expect(calls).toBe(3)
  })

  it('gives a stream back that comes after the deadline', async () => {
    const late = Promise.withResolvers<ReturnType<typeof duplexPair>[0]>()
    const connection = openGuest(() => late.promise, { timing })
    opened.push(connection)
    await expect(connection.session({ signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ code: 'guest_unreachable' })
    const [host] = duplexPair()
    const closed = new Promise((resolve) => host.once('close', resolve))
    late.resolve(host)
    await closed
  })
})

describe('a host that asks for what cannot be', () => {
  it('is told so before anything is sent', async () => {
    const session = await lied({ kind: 'silence', from: 99 }).session()
    await expect(session.stat('/a\0b')).rejects.toMatchObject({
      code: 'invalid_input',
      message: 'STAT: path (field 1) has a NUL byte',
    })
    const large = Array.from({ length: 3 }, (_, n) => ({ path: `/f${n}`, mode: 0o600, content: Buffer.alloc(128 * 1024) }))
    const entropy = Buffer.alloc(64)
    const assign = {
      entropy,
      wallClockMs: 0,
      hostname: 'h',
      env: {},
      secrets: {},
      files: large,
      token: 't'.repeat(16),
      linkUp: true,
    }
    await expect(session.assign(assign)).rejects.toMatchObject({ code: 'invalid_input' })
    const streams = Array.from({ length: 256 }, () => session.exec({ argv: ['cat'], stdin: true }))
    await Promise.all(streams)
    await expect(session.stat('/')).rejects.toMatchObject({ code: 'guest_error', details: { reason: 'limit' } })
  })
})
