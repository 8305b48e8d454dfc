import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { problemOf } from './problem.ts'

/** After this long without an event a comment is sent, so that nobody between us and the client takes the silence for an end. */
const keepAliveMs = 15_000

export interface ServerSentEvent {
  readonly event: string
  readonly data: unknown
  /** What the client may go on behind, with `Last-Event-ID`. */
  readonly id?: number
}

/** Answers with server-sent events until they end or the client goes away. An error becomes the last event, `problem`. */
export function eventStream(reply: FastifyReply, events: AsyncIterable<ServerSentEvent>): FastifyReply {
  reply.type('text/event-stream').header('cache-control', 'no-store').header('x-accel-buffering', 'no')
  return reply.send(Readable.from(written(events), { objectMode: false, highWaterMark: 65_536 }))
}

async function* written(events: AsyncIterable<ServerSentEvent>): AsyncGenerator<string> {
  // Something at once, so that the client sees the answer begin.
  yield ':\n\n'
  const iterator = events[Symbol.asyncIterator]()
  try {
    let next = iterator.next()
    for (;;) {
      const turn = await orSilence(next)
      if (turn === undefined) {
        yield ':\n\n'
        continue
      }
      if (turn.done) return
      yield eventText(turn.value)
      next = iterator.next()
    }
  } catch (error) {
    yield eventText({ event: 'problem', data: problemOf(error) })
  } finally {
    await iterator.return?.()
  }
}

function eventText({ event, data, id }: ServerSentEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

async function orSilence<T>(next: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), keepAliveMs)
  })
  try {
    return await Promise.race([next, silence])
  } finally {
    clearTimeout(timer)
  }
}
