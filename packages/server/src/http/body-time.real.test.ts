import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { limitBodyTime } from './body-time.ts'
import type { App } from './http-parts.ts'

const limitMs = 200
let app: FastifyInstance
const sockets: Socket[] = []

beforeEach(() => {
  app = fastify({ bodyLimit: 1000 })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
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

it.each([
  ['that is no JSON', '{'],
  ['that is too large', `"${'x'.repeat(1_100_000)}"`],
])('has no timer left for a body %s', async (_what, body) => {
  limitBodyTime(app as unknown as App, limitMs)
  app.post('/', { schema: { body: { type: 'object' } } }, async () => ({ ok: true }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const post = request({ agent, port, method: 'POST', headers: { 'content-type': 'application/json' } })
  post.end(body)
  const [refused] = (await once(post, 'response')) as [IncomingMessage]
  expect(refused.statusCode).toBeGreaterThanOrEqual(400)
  refused.resume()
  await once(refused, 'end')
  agent.destroy()
  await vi.waitFor(() => expect(timers()).toBeLessThanOrEqual(before), { timeout: limitMs / 2 })
})
