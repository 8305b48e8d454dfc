import { beforeEach, expect, it } from 'vitest'
import { Hearth } from './hearth.ts'
import type { SpawnOptions } from './process-options.ts'
import { fakeFetch } from './testing/fake-fetch.ts'
import { FakeWebSocket } from './testing/fake-web-socket.ts'

let hearth: Hearth

beforeEach(() => {
  hearth = new Hearth({ baseUrl: 'http://h', WebSocket: FakeWebSocket })
})

async function started(program = 'cat', args: string[] = [], options: SpawnOptions = {}) {
  const starting = hearth.machines.ref('web').spawn(program, args, options)
  const other = await FakeWebSocket.next()
  other.say({ type: 'started', execId: 3, pid: 40, lostBytes: 0 })
  return { process: await starting, other }
}

it('says what to start in the first message', async () => {
  const { other, process } = await started('ls', ['-l'], { cwd: '/tmp', stdin: true })
  expect(other.url).toBe('ws://h/v1/machines/web/exec')
  expect(other.controls).toEqual([{ argv: ['ls', '-l'], cwd: '/tmp', stdin: true }])
  expect(process).toMatchObject({ execId: 3, pid: 40 })
})

it('tells stdout from stderr, keeps their order, and ends with the exit', async () => {
  const { process, other } = await started()
  other.sayBytes(1, 97)
  other.sayBytes(2, 98)
  other.sayBytes(1, 99)
  other.say({ type: 'exit', code: 3 })
  const seen = await Array.fromAsync(process, ({ stream, bytes }) => `${stream} ${new TextDecoder().decode(bytes)}`)
  expect(seen).toEqual(['stdout a', 'stderr b', 'stdout c'])
  expect(await process.wait()).toEqual({ code: 3 })
})

it('collects output and the signal that ended it', async () => {
  const { process, other } = await started()
  other.sayBytes(1, 97)
  other.say({ type: 'exit', code: 137, signal: 9 })
  expect(await process.collect()).toEqual({ code: 137, signal: 9, stdout: Uint8Array.of(97), stderr: new Uint8Array() })
})

it('does not collect without end', async () => {
  const { process, other } = await started()
  other.sayBuffer(new Uint8Array(100).fill(1))
  await expect(process.collect(50)).rejects.toThrow(RangeError)
  expect(other.readyState).toBe(3)
})

it('rejects with the refusal of the server, before and after the start', async () => {
  const error = { type: 't', title: 't', status: 404, code: 'machine_not_found', detail: 'no web' }
  const starting = hearth.machines.ref('web').exec('true')
  const refusing = await FakeWebSocket.next()
  refusing.say({ type: 'error', error })
  await expect(starting).rejects.toMatchObject({ code: 'machine_not_found' })
  const { process, other } = await started()
  other.say({ type: 'error', error })
  await expect(process.wait()).rejects.toMatchObject({ code: 'machine_not_found' })
})

it('never takes a broken connection for the end of the process', async () => {
  const { process, other } = await started()
  other.close()
  await expect(process.wait()).rejects.toThrow('before the process did')
})

it('sends input in pieces of 64 KiB behind the channel byte, then its end', async () => {
  const { process, other } = await started()
  await process.write(new Uint8Array(100_000))
  await process.end()
  const pieces = other.sent.filter((message) => message instanceof Uint8Array)
  expect(pieces.map((piece) => piece.byteLength)).toEqual([65_537, 100_000 - 65_536 + 1])
  expect(pieces.map((piece) => piece[0])).toEqual([0, 0])
  expect(other.controls.at(-1)).toEqual({ type: 'eof' })
})

it('runs a program with input to its end', async () => {
  const running = hearth.machines.ref('web').exec('cat', [], { input: 'hi' })
  const other = await FakeWebSocket.next()
  other.say({ type: 'started', execId: 1, pid: 2, lostBytes: 0 })
  other.sayBytes(1, 104, 105)
  other.say({ type: 'exit', code: 0 })
  const { code, stdout } = await running
  expect([code, stdout]).toEqual([0, 'hi'])
})

it('knows that nobody listens before it hands out a stream to a port', async () => {
  const dialling = hearth.machines.ref('web').dial(80)
  const error = { type: 't', title: 't', status: 502, code: 'guest_error', detail: 'refused' }
  const other = await FakeWebSocket.next()
  other.say({ type: 'error', error })
  await expect(dialling).rejects.toMatchObject({ code: 'guest_error' })
})

it('carries the bytes of a port and its end, and never takes a break for the end', async () => {
  const dialling = hearth.machines.ref('web').dial(80)
  const other = await FakeWebSocket.next()
  other.say({ type: 'connected' })
  const stream = await dialling
  other.sayBytes(1, 2)
  other.say({ type: 'eof' })
  expect(await Array.fromAsync(stream)).toEqual([Uint8Array.of(1, 2)])
  other.close()
  await expect(Array.fromAsync(stream)).rejects.toThrow('broke')
})

it('asks for a ticket where a key is needed, because a browser cannot send one with a WebSocket', async () => {
  const { fetch, asked } = fakeFetch({ body: '{"ticket":"ticket_1"}' })
  const closed = new Hearth({ baseUrl: 'http://h', apiKey: 'hearth_1', fetch, WebSocket: FakeWebSocket })
  const starting = closed.in('team-a').machines.ref('web').spawn('true')
  const other = await FakeWebSocket.next()
  other.say({ type: 'started', execId: 3, pid: 40, lostBytes: 0 })
  await starting
  expect(other.url).toBe('ws://h/v1/namespaces/team-a/machines/web/exec?ticket=ticket_1')
  expect([asked[0]?.url, asked[0]?.init.body]).toEqual([
    'http://h/v1/tickets',
    '{"path":"/v1/namespaces/team-a/machines/web/exec"}',
  ])
})
