import { expect, it } from 'vitest'
import { parseRetryAfter } from './retry.ts'
import { type Answer, scriptedFetch } from './testing/scripted-fetch.ts'
import { TurnedClock } from './testing/turned-clock.ts'
import { type RequestOptions, Transport } from './transport.ts'

const problem = (code: string, status: number, headers = {}): Answer => ({
  status,
  headers,
  body: JSON.stringify({ type: 't', title: 't', code, status, detail: code }),
})
const busy = problem('driver_busy', 503)
const done: Answer = { body: '{"ok":true}' }
const broken: Answer = { breaks: 'at once' }

async function ask(answers: Answer[], method = 'GET', options: RequestOptions = {}, maxRetries = 3) {
  const { fetch, asked } = scriptedFetch(answers)
  const clock = new TurnedClock()
  const transport = new Transport({ baseUrl: 'http://h', fetch, maxRetries }, clock)
  const answer = await transport.json(method, '/v1', options).catch((error: unknown) => error)
  return { answer, slept: clock.slept, asked }
}

it('tries again what a busy server refuses, with pauses that double', async () => {
  const { answer, slept } = await ask([busy, busy, busy, done])
  expect([answer, slept]).toEqual([{ ok: true }, [200, 400, 800]])
})

it('tries again when the connection breaks, before the answer or in the middle of it', async () => {
  expect((await ask([broken, { body: '{', breaks: 'behind the body' }, done])).answer).toEqual({ ok: true })
})

it('gives up after the last try, with the last reason', async () => {
  const { answer, asked } = await ask([broken, broken, busy])
  expect([asked.length, answer]).toEqual([4, expect.objectContaining({ code: 'driver_busy' })])
})

it('waits for as long as the server says, but not for ever', async () => {
  expect((await ask([problem('rate_limited', 429, { 'retry-after': '7' }), done])).slept).toEqual([7000])
  const { answer, slept } = await ask([problem('rate_limited', 429, { 'retry-after': '3600' }), done])
  expect([answer, slept]).toEqual([expect.objectContaining({ code: 'rate_limited', retryAfterMs: 3_600_000 }), []])
})

it.each(['POST', 'PATCH'])('never tries a %s again by itself: it might be done twice', async (method) => {
  for (const first of [broken, busy]) expect((await ask([first, done], method, { json: {} })).asked).toHaveLength(1)
})

it('tries a POST again under one key, which it makes up or is given', async () => {
  const { answer, asked } = await ask([broken, busy, done], 'POST', { json: {}, once: true })
  const keys = asked.map(({ init }) => init.headers['idempotency-key'])
  expect([answer, new Set(keys).size, keys[0]]).toEqual([{ ok: true }, 1, expect.stringMatching(/^[0-9a-f]{32}$/)])
  expect((await ask([done], 'POST', { once: 'mine' })).asked[0]?.init.headers['idempotency-key']).toBe('mine')
  const other = await ask([done], 'POST', { once: true })
  expect(other.asked[0]?.init.headers['idempotency-key']).not.toBe(keys[0])
})

it('waits while the first try is still being answered', async () => {
  const { answer } = await ask([broken, problem('idempotency_in_progress', 409), done], 'POST', { once: true })
  expect(answer).toEqual({ ok: true })
})

it('does not try again what will not pass', async () => {
  for (const refusal of [problem('invalid_input', 400), problem('driver_unavailable', 503), problem('internal', 500)]) {
    expect((await ask([refusal, done])).asked).toHaveLength(1)
  }
})

it('does not send a stream twice', async () => {
  expect((await ask([broken, done], 'PUT', { body: new ReadableStream() })).asked).toHaveLength(1)
  expect((await ask([broken, done], 'PUT', { body: new Uint8Array(3) })).asked).toHaveLength(2)
})

it('takes what the second try to delete does not find for deleted by the first', async () => {
  const gone = problem('machine_not_found', 404)
  const remove = (...answers: Answer[]) =>
    new Transport({ baseUrl: 'http://h', fetch: scriptedFetch(answers).fetch }, new TurnedClock()).done('DELETE', '/v1')
  await remove(broken, gone)
  await expect(remove(gone)).rejects.toMatchObject({ code: 'machine_not_found' })
})

it('stops trying when it is told to, with that reason', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const { fetch } = scriptedFetch([busy])
  const stopping = new Transport({
    baseUrl: 'http://h',
    fetch: (url, init) => {
      controller.abort(reason)
      return fetch(url, { ...init, signal: new AbortController().signal })
    },
  })
  await expect(stopping.json('GET', '/v1', { signal: controller.signal })).rejects.toBe(reason)
})

it('reads Retry-After as seconds or as a date, and nothing else', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(parseRetryAfter('2', now)).toBe(2000)
  expect(parseRetryAfter('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5000)
  expect(parseRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0)
  expect([parseRetryAfter('soon', now), parseRetryAfter(null, now), parseRetryAfter('', now)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
