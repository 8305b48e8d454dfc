import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket as NetSocket, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { type GuestSession, HearthError } from '@hearth/model'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { connectTo, scriptedApi } from './support/socket-bed.ts'

const folder = mkdtempSync(join(tmpdir(), 'hearth-ws-'))
let app: Awaited<ReturnType<typeof scriptedApi>>
let session: Partial<GuestSession>
let number = 0
let path: string

beforeEach(async () => {
  session = {}
  path = join(folder, `${number++}.sock`)
  app = await scriptedApi(path, session)
})
afterEach(() => app.close())
afterAll(() => rmSync(folder, { recursive: true }))

const connect = (route: string) => connectTo(path, route)

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
