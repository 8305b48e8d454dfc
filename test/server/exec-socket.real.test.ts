import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ExecHandle, type GuestSession, HearthError } from '@hearth/model'
import { execEventSchema } from '@hearth/protocol'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectTo, received, ScriptedExec, scriptedApi } from './support/socket-bed.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-ws-'))
let app: Awaited<ReturnType<typeof scriptedApi>>
let exec: ScriptedExec
let session: Partial<GuestSession>
let number = 0
let path: string

beforeEach(async () => {
  exec = new ScriptedExec()
  session = { exec: vi.fn(async () => exec), attach: vi.fn(async () => exec) }
  path = join(folder, `${number++}.sock`)
  app = await scriptedApi(path, session)
})
afterEach(() => app.close())
afterAll(() => rmSync(folder, { recursive: true }))

const connect = (route: string) => connectTo(path, route)

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

  it('tells the exit of a process that a signal came too late for', async () => {
    exec.signal = async () => {
      exec.end(3)
      throw new HearthError('guest_error', 'no such process')
    }
    const client = connect('/v1/machines/m/exec')
    await client.opened
    client.say({ argv: ['true'] })
    client.say({ type: 'signal', signal: 2 })
    await client.closed
    expect(client.events[1]).toEqual({ type: 'exit', code: 3 })
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
