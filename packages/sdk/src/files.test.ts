import { expect, it } from 'vitest'
import { collectBytes } from './bytes.ts'
import type { Fetch } from './fetch.ts'
import { Hearth } from './hearth.ts'
import { fakeFetch } from './testing/fake-fetch.ts'

it('reads a file together with what it is', async () => {
  const stat = { path: '/a', kind: 'file', sizeBytes: 2, mode: '0600', uid: 0, gid: 0, modifiedAt: '2026-01-01T00:00:00Z' }
  const { fetch, asked } = fakeFetch({ body: ['h', 'i'], headers: { 'x-hearth-stat': JSON.stringify(stat) } })
  const file = await new Hearth({ baseUrl: 'http://h', fetch }).machines.ref('web').files.read('/a')
  expect([file.stat, await file.text()]).toEqual([stat, 'hi'])
  expect(asked[0]?.url).toBe('http://h/v1/machines/web/files?path=%2Fa')
})

it('sends any stream of bytes as a body that fetch knows, and ends the source when nobody wants more', async () => {
  let ended = 0
  async function* source() {
    try {
      yield Uint8Array.of(1)
      yield Uint8Array.of(2)
    } finally {
      ended += 1
    }
  }
  const bodies: ReadableStream<Uint8Array>[] = []
  const { fetch } = fakeFetch({})
  const recording: Fetch = (url, init) => {
    expect(url).toContain('mode=0755')
    bodies.push(init.body as ReadableStream<Uint8Array>)
    return fetch(url, init)
  }
  const { files } = new Hearth({ baseUrl: 'http://h', fetch: recording }).machines.ref('web')
  await files.write('/a', source(), { mode: '0755' })
  await files.write('/a', source(), { mode: '0755' })
  const [whole, left] = bodies as [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>]
  expect(await collectBytes(whole)).toEqual(Uint8Array.of(1, 2))
  const reader = left.getReader()
  await reader.read()
  await reader.cancel()
  expect(ended).toBe(2)
})
