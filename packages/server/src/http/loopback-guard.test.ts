import fastify from 'fastify'
import { expect, it } from 'vitest'
import type { App } from './http-parts.ts'
import { guardLoopback } from './loopback-guard.ts'

async function statusFor(headers: Record<string, string>): Promise<number> {
  const app = fastify()
  guardLoopback(app as unknown as App, [])
  app.get('/', async () => 'here')
  const { statusCode } = await app.inject({ url: '/', headers })
  return statusCode
}

it.each(['localhost', '127.0.0.1:4747', '127.0.0.2:4747', '[::1]:4747'])(
  'answers as %s, where a server may listen',
  async (host) => {
    expect(await statusFor({ host })).toBe(200)
    expect(await statusFor({ host, origin: `http://${host}` })).toBe(200)
  },
)

it.each(['evil.example', '127.0.0.1.evil.example', '127.0.0.2.3', '1270.0.0.1'])('does not answer as %s', async (host) => {
  expect(await statusFor({ host })).not.toBe(200)
  expect(await statusFor({ host: 'localhost', origin: `http://${host}` })).not.toBe(200)
})
