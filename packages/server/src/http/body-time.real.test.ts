import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import fastify from 'fastify'
import { afterEach, expect, it } from 'vitest'
import { limitBodyTime } from './body-time.ts'
import type { App } from './http-parts.ts'

const limitMs = 200
const app = fastify()
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await app.close()
})

it('cuts off who sends a small body too slowly, and nobody else', async () => {
  limitBodyTime(app as unknown as App, limitMs)
  const schema = { body: { type: 'object' } }
  app.post('/', { schema }, async () => {
    // Longer than a body may take: answering is another matter.
    await new Promise((resolve) => setTimeout(resolve, 2 * limitMs))
    return { ok: true }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const slow = connect(port)
  sockets.push(slow)
  slow.resume()
  slow.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{')
  const quick = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(await quick.json()).toEqual({ ok: true })
  if (!slow.closed) await once(slow, 'close')
})
