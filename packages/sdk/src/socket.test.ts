import { beforeEach, expect, it } from 'vitest'
import { Socket } from './socket.ts'
import { FakeWebSocket } from './testing/fake-web-socket.ts'
import { Transport } from './transport.ts'

const halfMegabyte = new Uint8Array(512 * 1024)
let transport: Transport

beforeEach(() => {
  transport = new Transport({ baseUrl: 'http://h', WebSocket: FakeWebSocket })
})

async function opened(signal?: AbortSignal) {
  const socket = await Socket.to<{ type: string }>(transport, '/x', { signal })
  return { socket, other: await FakeWebSocket.next() }
}

it('goes to the same host by ws', async () => {
  expect((await opened()).other.url).toBe('ws://h/x')
})

it('asks for a pause when more than a megabyte waits to be read, and to go on when it was read', async () => {
  const { socket, other } = await opened()
  for (let count = 0; count < 3; count++) other.sayBuffer(halfMegabyte)
  expect(other.controls).toEqual([{ type: 'pause' }])
  for (let count = 0; count < 3; count++) await socket.next()
  expect(other.controls).toEqual([{ type: 'pause' }, { type: 'resume' }])
})

it('holds bytes back while the server has asked for a pause, and lets text through', async () => {
  const { socket, other } = await opened()
  other.say({ type: 'pause' })
  const first = socket.send(Uint8Array.of(1))
  const second = socket.send(Uint8Array.of(2))
  await socket.send('{"type":"signal"}')
  expect(other.sent).toEqual(['{"type":"signal"}'])
  other.say({ type: 'resume' })
  await Promise.all([first, second])
  expect(other.sent.slice(1)).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
})

it('lets go of whoever waits to send when the connection ends', async () => {
  const { socket, other } = await opened()
  other.say({ type: 'pause' })
  const sending = socket.send(Uint8Array.of(1))
  other.close()
  await sending
  expect(other.sent).toEqual([])
})

it('hands out what arrived before the end, then says that it is over', async () => {
  const { socket, other } = await opened()
  other.sayBytes(1)
  other.close()
  expect(await socket.next()).toEqual(Uint8Array.of(1))
  expect(await socket.next()).toBeUndefined()
})

it('rejects with the reason of the signal at once, whatever still waits to be read', async () => {
  const controller = new AbortController()
  const { socket, other } = await opened(controller.signal)
  other.sayBytes(1)
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(socket.next()).rejects.toBe(reason)
  expect(other.readyState).toBe(3)
})

it('says that the connection broke', async () => {
  const { socket, other } = await opened()
  const next = socket.next()
  other.break()
  await expect(next).rejects.toMatchObject({ name: 'HearthConnectionError', cause: 'reset' })
})

it('refuses text that is not JSON', async () => {
  const { socket, other } = await opened()
  other.sayText('hello')
  await expect(socket.next()).rejects.toThrow('not JSON')
})
