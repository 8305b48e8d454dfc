import { EventEmitter } from 'node:events'
import type { WebSocket } from '@fastify/websocket'
import { expect, it, vi } from 'vitest'
import { ClientSocket } from './client-socket.ts'

it('stops reading a client that sends empty messages faster than they are looked at', async () => {
  const socket = Object.assign(new EventEmitter(), { pause: vi.fn(), resume: vi.fn(), ping: vi.fn(), OPEN: 1, readyState: 1 })
  const client = new ClientSocket(socket as unknown as WebSocket)
  const count = 10_000
  for (let sent = 0; sent < count; sent++) socket.emit('message', Buffer.alloc(0), true)
  expect(socket.pause).toHaveBeenCalledOnce()
  for (let read = 0; read < count; read++) expect(await client.next()).toHaveLength(0)
  expect(socket.resume).toHaveBeenCalledOnce()
  socket.emit('close')
})
