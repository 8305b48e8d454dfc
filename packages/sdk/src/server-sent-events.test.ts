import { expect, it } from 'vitest'
import { parseEvents, readEvents } from './server-sent-events.ts'

async function* stream(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  for (const byte of new TextEncoder().encode(text)) yield Uint8Array.of(byte)
}

it('reads events, skips comments and joins lines of data', async () => {
  const text = ':\n\nevent: change\ndata: {"a":\ndata: 1}\n\nid: 7\ndata: 2\n\n: still there\n\n'
  expect(await Array.fromAsync(readEvents(stream(text)))).toEqual([{ a: 1 }, 2])
})

it('throws what the server calls a problem, with its code', async () => {
  const problem = {
    type: 'urn:hearth:error:guest_error',
    title: 't',
    status: 502,
    code: 'guest_error',
    detail: 'no such directory',
  }
  const events = readEvents(stream(`data: 1\n\nevent: problem\ndata: ${JSON.stringify(problem)}\n\n`))
  expect((await events.next()).value).toBe(1)
  await expect(events.next()).rejects.toMatchObject({ name: 'HearthApiError', code: 'guest_error', message: 'no such directory' })
})

it('passes over the word that a watch has begun, and fails when events were missed', async () => {
  const events = readEvents(stream('event: ready\ndata: {}\n\nevent: change\ndata: 1\n\nevent: overflow\ndata: {}\n\n'))
  expect((await events.next()).value).toBe(1)
  await expect(events.next()).rejects.toMatchObject({ name: 'HearthConnectionError' })
})

it('tells the id of each event, and of a block that has nothing else', async () => {
  const text = 'id: 4\n\nid: 7\nevent: machine\ndata: {}\n\ndata: {}\n\nid: 9\ndata: half'
  expect(await Array.fromAsync(parseEvents(stream(text)))).toEqual([
    { event: 'message', id: '4' },
    { event: 'machine', data: '{}', id: '7' },
    { event: 'message', data: '{}', id: '7' },
  ])
})
