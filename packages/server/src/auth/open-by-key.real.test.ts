import { once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type AuthBed, authBed } from './testing/auth-bed.ts'

/** A WebSocket and a stream that would last, opened with a key; resolves when both are open. */
async function openBoth(bed: AuthBed, secret: string) {
  const headers = { 'x-api-key': secret }
  const socket = new WebSocket(`${bed.url.replace('http', 'ws')}/v1/namespaces/red/probe/lasting`, { headers })
  const over = once(socket, 'close')
  await once(socket, 'message')
  const leaving = new AbortController()
  const response = await fetch(`${bed.url}/v1/namespaces/red/probe/stream`, { headers, signal: leaving.signal })
  const reader = response.body?.getReader()
  await reader?.read()
  const leave = () => {
    socket.terminate()
    leaving.abort()
  }
  return { over, reading: reader?.read() ?? Promise.resolve(), leave }
}

describe('what a key has opened', () => {
  it('ends when it is revoked, and nothing else does', async () => {
    await using bed = await authBed()
    const [admin, other, { key, secret }] = [await bed.key(), await bed.key(), await bed.key()]
    const kept = await openBoth(bed, other.secret)
    const opened = await openBoth(bed, secret)
    await bed.ask(`/v1/keys/${key.id}`, { method: 'DELETE', key: admin.secret })
    await opened.over
    await expect(opened.reading).rejects.toThrow()
    expect(await Promise.race([kept.over, kept.reading, Promise.resolve('open')])).toBe('open')
    kept.leave()
    await expect(kept.reading).rejects.toThrow()
  })

  it.each([
    ['expires', (bed: AuthBed) => bed.clock.advance(60_000)],
    [
      'is revoked by another server',
      async (bed: AuthBed) => {
        const [row] = await bed.store.keys.list()
        if (row) await bed.store.keys.update(row.id, row.rev, { revokedAt: bed.clock.now() })
        bed.clock.advance(5000)
      },
    ],
  ] as const)('ends when it %s', async (_what, end) => {
    await using bed = await authBed()
    const { secret } = await bed.key({ ttlMs: 60_000 })
    const opened = await openBoth(bed, secret)
    await end(bed)
    await opened.over
    await expect(opened.reading).rejects.toThrow()
  })

  it('does not keep a key from answering its own end', async () => {
    await using bed = await authBed()
    await bed.key()
    const { key, secret } = await bed.key()
    expect((await bed.ask(`/v1/keys/${key.id}`, { method: 'DELETE', key: secret })).status).toBe(204)
    expect((await bed.ask('/v1/keys/self', { key: secret })).status).toBe(401)
  })

  it('is forgotten when it is over', async () => {
    await using bed = await authBed()
    const { secret } = await bed.key()
    for (let n = 0; n < 5; n++) await bed.ask('/v1/probe/any/read', { key: secret })
    await vi.waitFor(() => {
      bed.clock.advance(5000)
      expect(bed.auth.open.size).toBe(0)
    })
  })
})
