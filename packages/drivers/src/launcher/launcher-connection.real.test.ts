import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LauncherConnection } from './launcher-connection.ts'
import { operations } from './operations.ts'

/** Against a server that says what the test wants. */
describe('LauncherConnection', () => {
  let folder: string
  let server: Server
  let connection: LauncherConnection
  let peer: Socket
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearth-launcher-'))
    server = createServer().listen(join(folder, 's'))
    await once(server, 'listening')
    const connected = once(server, 'connection')
    connection = await LauncherConnection.open(join(folder, 's'), () => undefined)
    ;[peer] = (await connected) as [Socket]
    peer.resume()
  })
  afterEach(async () => {
    await connection.close()
    peer.destroy()
    server.close()
    await rm(folder, { recursive: true })
  })

  const reply = (op: number, request: number, fields: Buffer) => {
    const head = Buffer.alloc(9)
    head.writeUInt32BE(fields.length + 5)
    head[4] = op
    head.writeUInt32BE(request, 5)
    return Buffer.concat([head, fields])
  }

  it('gives answers to those who asked, in whatever order and pieces they come', async () => {
    const [first, second] = [connection.call(operations.hello, {}), connection.call(operations.hello, {})]
    const fields = (version: string) => operations.hello.reply.encode({ version, pid: 1 })
    const bytes = Buffer.concat([reply(0x80, 2, fields('two')), reply(0x80, 1, fields('one'))])
    for (const byte of bytes) peer.write(Buffer.of(byte))
    expect([(await first).version, (await second).version]).toEqual(['one', 'two'])
  })

  it('ends when the other side does, with every call', async () => {
    const call = connection.call(operations.list, {})
    peer.destroy()
    await expect(call).rejects.toMatchObject({ code: 'driver_unavailable' })
    await expect(connection.closed).resolves.toMatchObject({ code: 'driver_unavailable' })
    await expect(connection.call(operations.list, {})).rejects.toMatchObject({ code: 'driver_unavailable' })
  })

  it.each([
    ['a length that is none', Buffer.from('ffffffff00', 'hex')],
    ['an unknown message', reply(0x42, 1, Buffer.alloc(0))],
    ['an error without fields', reply(0x81, 1, Buffer.alloc(0))],
  ])('ends at %s', async (_what, bytes) => {
    const call = connection.call(operations.list, {})
    peer.write(bytes)
    await expect(call).rejects.toMatchObject({ code: 'driver_unavailable' })
  })

  it('refuses a reply whose fields are wrong and goes on', async () => {
    const call = connection.call(operations.hello, {})
    peer.write(reply(0x80, 1, Buffer.alloc(0)))
    await expect(call).rejects.toThrow('version (field 1) is missing')
    const next = connection.call(operations.list, {})
    peer.write(reply(0x80, 2, Buffer.alloc(0)))
    expect(await next).toEqual({ children: [] })
  })

  it('cancels a call that takes too long, and undoes it when it comes after all', async () => {
    const heard: Buffer[] = []
    peer.on('data', (bytes: Buffer) => heard.push(bytes))
    let undone = 0
    const undo = async () => {
      undone += 1
    }
    const call = connection.call({ ...operations.list, deadlineMs: 20 }, {}, { undo })
    peer.on('data', () => {
      // The request, then CANCEL of request 1: then the answer comes after all.
      const message = Buffer.concat(heard)
      if (message.length > 9 && message[9 + 4] === operations.cancel.op) peer.write(reply(0x80, 1, Buffer.alloc(0)))
    })
    await expect(call).rejects.toMatchObject({ code: 'driver_timeout', message: 'launcher, list: no answer within 20 ms' })
    expect(undone).toBe(1)
  })

  it('gives up two seconds after the deadline when nothing comes at all', async () => {
    await expect(connection.call({ ...operations.list, deadlineMs: 1 }, {})).rejects.toMatchObject({ code: 'driver_timeout' })
  })
})
