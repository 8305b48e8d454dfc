import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { askService } from './ask-service.ts'

const switching = 'HTTP/1.1 101 Yes\r\nconnection: Upgrade\r\nupgrade: raw\r\n\r\n'

/** Asks a service that says just this, and keeps its connection open. */
async function ask(answer: string, headers: Record<string, string> = {}) {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.write(answer))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stream = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const asked = { method: 'GET', path: '/', headers, signal: new AbortController().signal }
  const told = await askService(stream, asked, (outgoing) => outgoing.end()).catch((error: unknown) => error)
  const isOpen = !stream.destroyed
  stream.destroy()
  server.close()
  return { told, isOpen }
}

it.each(['000', '099', '600', '999'])('refuses the status %s, and lets go of the service', async (status) => {
  const { told, isOpen } = await ask(`HTTP/1.1 ${status} Odd\r\ncontent-length: 5\r\n\r\n`)
  expect(told).toMatchObject({ code: 'guest_unreachable' })
  expect(isOpen).toBe(false)
})

it('joins a client with a service only when the client asked for another protocol', async () => {
  const unasked = await ask(switching)
  expect(unasked.told).toMatchObject({ code: 'guest_unreachable' })
  expect(unasked.isOpen).toBe(false)
  const wanted = await ask(switching, { connection: 'Upgrade', upgrade: 'raw' })
  expect(wanted.told).toMatchObject({ kind: 'upgrade' })
})
