import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket as NetSocket, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Duplex, PassThrough, Writable } from 'node:stream'
import type { Engine } from '@hearth/engine'
import { type ExecExit, type ExecHandle, type GuestSession, HearthError, silentLog, systemClock } from '@hearth/model'
import { execEventSchema } from '@hearth/protocol'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createHttp } from '../create-http.ts'
import type { App } from '../http-parts.ts'

/** A process in a machine that does what the case says. */
class ScriptedExec implements ExecHandle {
  readonly execId = 7
  readonly pid = 42
  readonly lostBytes = 0
  readonly stdout = new PassThrough()
  readonly stderr = new PassThrough()
  readonly taken: Buffer[] = []
  readonly closed = Promise.withResolvers<void>()
  readonly signals: number[] = []
  readonly sizes: string[] = []
  readonly #exit = Promise.withResolvers<ExecExit>()
  /** While set, stdin is not taken. */
  stuck: PromiseWithResolvers<void> | undefined
  readonly exit = this.#exit.promise
  readonly stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      void (this.stuck?.promise ?? Promise.resolve()).then(() => {
        this.taken.push(chunk)
        done()
      })
    },
    final: (done) => {
      this.end(0)
      done()
    },
  })

  end(code: number, signal?: number): void {
    this.stdout.end()
    this.stderr.end()
    this.#exit.resolve({ code, ...(signal !== undefined && { signal }) })
  }
  fail(error: Error): void {
    this.stdout.destroy(error)
    this.stderr.destroy(error)
    this.#exit.reject(error)
  }
  signal = async (signal: number) => void this.signals.push(signal)
  resize = async (cols: number, rows: number) => void this.sizes.push(`${cols}x${rows}`)
  close = () => this.closed.resolve()
}

const folder = mkdtempSync(join(tmpdir(), 'hearth-ws-'))
let app: App
let exec: ScriptedExec
let session: Partial<GuestSession>
let number = 0
let path: string

beforeEach(async () => {
  exec = new ScriptedExec()
  session = { exec: vi.fn(async () => exec), attach: vi.fn(async () => exec) }
  const guest = async (machine: string) => {
    if (machine === 'paused') throw new HearthError('machine_not_running', 'it is paused')
    return { session: async () => session }
  }
  path = join(folder, `${number++}.sock`)
  app = createHttp({
    engine: { machines: { guest } } as unknown as Engine,
    drivers: [],
    log: silentLog,
    clock: systemClock,
    system: { version: '0', home: '/', pid: 1, startedAt: 0 },
    stop: () => undefined,
    hostPaths: true,
    loopbackOnly: false,
  })
  await app.listen({ path })
})
afterEach(() => app.close())
afterAll(() => rmSync(folder, { recursive: true }))

/** A client that keeps what it hears. */
function connect(route: string) {
  const socket = new WebSocket(`ws+unix://${path}:${route}`)
  const events: { type: string; [key: string]: unknown }[] = []
  const bytes: Buffer[] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) bytes.push(data)
    else events.push(JSON.parse(data.toString()))
  })
  const closed = once(socket, 'close').then(([code]) => code as number)
  const say = (message: object) => socket.send(JSON.stringify(message))
  const started = () => vi.waitFor(() => expect(events[0]?.type).toBe('started'))
  return { socket, events, bytes, closed, say, opened: once(socket, 'open'), started }
}

const received = (bytes: readonly Buffer[], channel: number) =>
  Buffer.concat(bytes.filter((message) => message[0] === channel).map((message) => message.subarray(1)))

describe('exec', () => {
  it('starts what it is told to, and tells output and exit in order', async () => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['ls', '-l'], env: { A: 'b' }, cwd: '/tmp', user: 'nobody', tag: 'one', pty: { cols: 80, rows: 24 } })
    await client.started()
    exec.stdout.write('out')
    exec.stderr.write('err')
    exec.end(130, 2)
    expect(await client.closed).toBe(1000)
    expect(client.events).toEqual([
      { type: 'started', execId: 7, pid: 42, lostBytes: 0 },
      { type: 'exit', code: 130, signal: 2 },
    ])
    expect(client.events.map((event) => execEventSchema.parse(event).type)).toEqual(['started', 'exit'])
    expect([received(client.bytes, 1).toString(), received(client.bytes, 2).toString()]).toEqual(['out', 'err'])
    expect(vi.mocked(session.exec)?.mock.calls[0]?.[0]).toEqual({
      argv: ['ls', '-l'],
      env: { A: 'b' },
      cwd: '/tmp',
      user: 'nobody',
      tag: 'one',
      pty: { cols: 80, rows: 24 },
      stdin: false,
      onClose: 'kill',
    })
  })

  it('passes on stdin, its end, signals and sizes', async () => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    // All at once, before the process has started.
    client.say({ argv: ['cat'], stdin: true })
    client.socket.send(Buffer.from('\0hello '))
    client.socket.send(Buffer.from('\0world'))
    client.say({ type: 'resize', cols: 100, rows: 30 })
    client.say({ type: 'signal', signal: 15 })
    client.say({ type: 'eof' })
    expect(await client.closed).toBe(1000)
    expect(Buffer.concat(exec.taken).toString()).toBe('hello world')
    expect([exec.sizes, exec.signals]).toEqual([['100x30'], [15]])
  })

  it.each([
    [{ attach: 7 }, { execId: 7 }, 'kill'],
    [{ attach: 'build', detach: true }, { tag: 'build' }, 'keep'],
  ])('attaches to %j', async (opening, target, onClose) => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say(opening)
    await client.started()
    exec.end(0)
    await client.closed
    expect(vi.mocked(session.attach)?.mock.calls[0]).toEqual([target, expect.objectContaining({ onClose })])
  })

  it.each([
    ['{"argv":[]}', 'argv: "[]" is not allowed; at least 1 entries'],
    ['{"argv":["a"],"shell":true}', 'there is no such field'],
    ['{"argv":["a"],"pty":{"cols":0,"rows":1}}', 'at least 1'],
    ['not json', 'the message is not JSON'],
  ])('refuses to begin with %s', async (opening, message) => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.socket.send(opening)
    expect(await client.closed).toBe(1011)
    expect(client.events).toEqual([
      { type: 'error', error: expect.objectContaining({ code: 'invalid_input', detail: expect.stringContaining(message) }) },
    ])
    expect(session.exec).not.toHaveBeenCalled()
  })

  it('tells what the engine and the guest refuse, and a session that breaks', async () => {
    const paused = connect('/v1/machines/paused/exec')
    await paused.opened
    paused.say({ argv: ['true'] })
    await paused.closed
    expect(paused.events).toMatchObject([{ type: 'error', error: { code: 'machine_not_running' } }])

    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['true'] })
    await client.started()
    exec.fail(new HearthError('guest_unreachable', 'the stream ended'))
    await client.closed
    expect(client.events[1]).toMatchObject({ type: 'error', error: { code: 'guest_unreachable' } })
  })

  it('refuses nonsense in the middle and leaves the process', async () => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['cat'], stdin: true })
    await client.started()
    client.socket.send(Buffer.from('\x05bytes on a channel nobody has'))
    await exec.closed.promise
    expect(await client.closed).toBe(1011)
    expect(client.events[1]).toMatchObject({ type: 'error', error: { detail: expect.stringContaining('channel 5') } })
  })

  it('leaves the process when its client vanishes without a word', async () => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['sleep', '1000'] })
    await client.started()
    client.socket.terminate()
    await exec.closed.promise
  })

  it('leaves a process that starts after its client has gone', async () => {
    const late = Promise.withResolvers<ExecHandle>()
    vi.mocked(session.exec)?.mockReturnValue(late.promise)
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['true'] })
    await vi.waitFor(() => expect(session.exec).toHaveBeenCalled())
    client.socket.terminate()
    await client.closed
    late.resolve(exec)
    await exec.closed.promise
  })
})

describe('back-pressure', () => {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const total = 64 * 1024 * 1024

  /** Writes `total` bytes as a process would: no faster than they are taken. Gives how many were, as it goes. */
  function produce() {
    const written = { bytes: 0 }
    const done = (async () => {
      while (written.bytes < total) {
        written.bytes += chunk.length
        if (!exec.stdout.write(chunk)) await once(exec.stdout, 'drain')
      }
      exec.end(0)
    })()
    return { written, done }
  }

  /** Resolves when `value` has stood still for a while. */
  async function settled(value: () => number): Promise<number> {
    let before = -1
    await vi.waitFor(
      () => {
        const now = value()
        const isStill = now === before
        before = now
        expect(isStill).toBe(true)
      },
      { interval: 150, timeout: 10_000 },
    )
    return before
  }

  it('holds the process back while its client reads nothing, and loses nothing', async () => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['yes'] })
    await client.started()
    client.socket.pause()
    const { written, done } = produce()
    expect(await settled(() => written.bytes)).toBeLessThan(8 * 1024 * 1024)
    client.socket.resume()
    await done
    await client.closed
    expect(received(client.bytes, 1)).toHaveLength(total)
  })

  it('holds the process back while its client asked for a pause, and still hears its signals', async () => {
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['yes'] })
    await client.started()
    client.say({ type: 'pause' })
    client.say({ type: 'signal', signal: 1 })
    await vi.waitFor(() => expect(exec.signals).toEqual([1]))
    const { written, done } = produce()
    expect(await settled(() => written.bytes)).toBeLessThan(1024 * 1024)
    expect(client.bytes).toHaveLength(0)
    client.say({ type: 'resume' })
    await done
    await client.closed
    expect(received(client.bytes, 1)).toHaveLength(total)
  })

  it('asks the client to pause while the process takes no input, and hears its signals meanwhile', async () => {
    exec.stuck = Promise.withResolvers()
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['sleep', '9'], stdin: true })
    for (let sent = 0; sent < 2 * 1024 * 1024; sent += chunk.length) client.socket.send(Buffer.concat([Buffer.from([0]), chunk]))
    await vi.waitFor(() => expect(client.events.map((event) => event.type)).toEqual(['started', 'pause']))
    client.say({ type: 'signal', signal: 2 })
    await vi.waitFor(() => expect(exec.signals).toEqual([2]))
    const { stuck } = exec
    exec.stuck = undefined
    stuck.resolve()
    await vi.waitFor(() => expect(client.events.map((event) => event.type)).toEqual(['started', 'pause', 'resume']))
    client.say({ type: 'eof' })
    await client.closed
    expect(Buffer.concat(exec.taken)).toHaveLength(2 * 1024 * 1024)
  })

  it('takes little of a client while its process has not started', async () => {
    const started = Promise.withResolvers<ExecHandle>()
    vi.mocked(session.exec)?.mockReturnValue(started.promise)
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['cat'], stdin: true })
    const message = Buffer.concat([Buffer.from([0]), chunk])
    for (let sent = 0; sent < total; sent += chunk.length) client.socket.send(message)
    client.say({ type: 'eof' })
    expect(await settled(() => client.socket.bufferedAmount)).toBeGreaterThan(total / 2)
    started.resolve(exec)
    await client.closed
    expect(Buffer.concat(exec.taken)).toHaveLength(total)
  })

  it('reads no more of a client that does not care, and still sees it vanish', async () => {
    exec.stuck = Promise.withResolvers()
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['sleep', '9'], stdin: true })
    await client.started()
    const message = Buffer.concat([Buffer.from([0]), chunk])
    for (let sent = 0; sent < total; sent += chunk.length) client.socket.send(message)
    const held = () => exec.stdin.writableLength
    expect(await settled(held)).toBeLessThan(12 * 1024 * 1024)
    expect(held()).toBeGreaterThan(4 * 1024 * 1024)
    client.socket.terminate()
    await exec.closed.promise
  })
})

describe('dial', () => {
  let echo: Server
  let peer: NetSocket | undefined
  beforeEach(async () => {
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      peer = socket
      socket.on('error', () => undefined) // The case looks at what its client hears.
      socket.on('data', (data) => socket.write(data))
      socket.on('end', () => socket.end('bye'))
    })
    echo.listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const { port } = echo.address() as { port: number }
    session.dial = async (wanted) => {
      if (wanted !== 80) throw new HearthError('guest_error', 'nobody listens on port 81')
      const { connect: dial } = await import('node:net')
      const stream = dial({ port, host: '127.0.0.1', allowHalfOpen: true })
      await once(stream, 'connect')
      return stream as Duplex
    }
  })
  afterEach(() => {
    peer?.destroy()
    echo.close()
  })

  it('carries bytes both ways, and each end by itself', async () => {
    const client = connect('/v1/machines/m/dial/80')
    await client.opened
    client.socket.send(Buffer.from('hello'))
    await vi.waitFor(() => expect(Buffer.concat(client.bytes).toString()).toBe('hello'))
    client.say({ type: 'eof' })
    expect(await client.closed).toBe(1000)
    expect(Buffer.concat(client.bytes).toString()).toBe('hellobye')
    expect(client.events).toEqual([{ type: 'connected' }, { type: 'eof' }])
  })

  it('tells that nobody listens', async () => {
    const client = connect('/v1/machines/m/dial/81')
    expect(await client.closed).toBe(1011)
    expect(client.events).toMatchObject([{ type: 'error', error: { code: 'guest_error', detail: 'nobody listens on port 81' } }])
  })

  it('ends the connection in the machine when the client vanishes', async () => {
    const client = connect('/v1/machines/m/dial/80')
    await vi.waitFor(() => expect(client.events).toEqual([{ type: 'connected' }]))
    client.socket.terminate()
    await vi.waitFor(() => expect(peer?.closed || peer?.destroyed || peer?.readableEnded).toBe(true))
  })

  it('is refused for what is no port, before the connection becomes a WebSocket', async () => {
    const socket = new WebSocket(`ws+unix://${path}:/v1/machines/m/dial/0`)
    const [request, answer] = await once(socket, 'unexpected-response')
    expect(answer.statusCode).toBe(400)
    request.destroy()
  })
})
