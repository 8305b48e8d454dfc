import { expect, it } from 'vitest'
import { type EventOptions, followEvents } from './events.ts'
import { type Answer, scriptedFetch } from './testing/scripted-fetch.ts'
import { TurnedClock } from './testing/turned-clock.ts'
import { Transport } from './transport.ts'

const event = (seq: number) => `id: ${seq}\nevent: machine\ndata: {"seq":${seq}}\n\n`
const gap: Answer = { body: 'event: gap\ndata: {"after":1,"oldest":9}\n\nid: 9\ndata: {"seq":9}\n\n' }

async function seen(answers: Answer[], count: number, options: EventOptions = {}) {
  const { fetch, asked } = scriptedFetch(answers)
  const clock = new TurnedClock()
  const seqs: number[] = []
  for await (const { seq } of followEvents(new Transport({ baseUrl: 'http://h', fetch }, clock), '/v1/events', options)) {
    seqs.push(seq)
    if (seqs.length === count) break
  }
  return { seqs, clock, from: asked.map(({ init }) => init.headers['last-event-id']), urls: asked.map(({ url }) => url) }
}

it('goes on behind the last event when the connection breaks', async () => {
  const { seqs, from } = await seen(
    [{ body: `${event(1)}${event(2)}id: 3\ndata: half`, breaks: 'behind the body' }, { breaks: 'at once' }, { body: event(3) }],
    3,
  )
  expect([seqs, from]).toEqual([
    [1, 2, 3],
    [undefined, '2', '2'],
  ])
})

it('goes on from where the server said it was, also when nothing has happened yet', async () => {
  const { seqs, from } = await seen([{ body: 'id: 41\n\n:\n\n' }, { body: event(42) }], 1)
  expect([seqs, from]).toEqual([[42], [undefined, '41']])
})

it('begins where it is told to, and asks for the kinds that are wanted', async () => {
  const { from, urls } = await seen([{ body: event(5) }], 1, { after: 4, kind: ['machine', 'snapshot'] })
  expect([from, urls]).toEqual([['4'], ['http://h/v1/events?kind=machine&kind=snapshot']])
})

it('tells of each connection that it lost, waits longer each time, and begins anew once it has heard something', async () => {
  const lost: number[] = []
  const answers: Answer[] = [{ breaks: 'at once' }, { breaks: 'at once' }, { body: event(1) }, { body: event(2) }]
  const { clock } = await seen(answers, 2, { onReconnect: ({ attempt }) => lost.push(attempt) })
  expect([lost, clock.slept]).toEqual([
    [1, 2, 1],
    [200, 400, 200],
  ])
})

it('ends with the reason when the server refuses, or stays away', async () => {
  const problem = { type: 't', title: 't', status: 401, code: 'unauthenticated', detail: 'no key' }
  await expect(seen([{ status: 401, body: JSON.stringify(problem) }], 1)).rejects.toMatchObject({ code: 'unauthenticated' })
  await expect(seen([{ breaks: 'at once' }], 1)).rejects.toMatchObject({ name: 'HearthConnectionError' })
})

it('never passes over events that are not kept any more in silence', async () => {
  await expect(seen([gap], 1)).rejects.toThrow('begin at 9')
  const gaps: unknown[] = []
  const { seqs } = await seen([gap], 1, { onGap: (missing) => gaps.push(missing) })
  expect([seqs, gaps]).toEqual([[9], [{ after: 1, oldest: 9 }]])
})

it('ends at now when that is wanted, however often the connection breaks before', async () => {
  const { seqs } = await seen(
    [{ body: event(1), breaks: 'behind the body' }, { body: `${event(2)}id: 2\nevent: ready\ndata: {}\n\n` }],
    9,
    {
      after: 0,
      until: 'now',
    },
  )
  expect(seqs).toEqual([1, 2])
})
