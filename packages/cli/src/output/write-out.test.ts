import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { allTaken, writeOut } from './write-out.ts'

it('waits until a slow reader has taken the last byte', async () => {
  const taken: number[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      setImmediate(() => {
        taken.push(chunk.length)
        done()
      })
    },
  })
  for (const size of [5_000, 7_000, 3_000]) await writeOut(stream, new Uint8Array(size))
  expect(taken).not.toContain(3_000)
  await allTaken(stream)
  expect(taken).toEqual(expect.arrayContaining([5_000, 7_000, 3_000]))
})

it('does not wait for a reader that is gone', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
  stream.on('error', () => undefined)
  stream.write('x')
  await allTaken(stream)
})
