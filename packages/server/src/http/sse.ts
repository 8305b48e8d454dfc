import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { problemOf } from './problem.ts'

export interface ServerSentEvent {
  readonly event: string
  readonly data: unknown
}

/** Answers with server-sent events until they end or the client goes away. An error becomes the last event, `problem`. */
export function eventStream(reply: FastifyReply, events: AsyncIterable<ServerSentEvent>): FastifyReply {
  reply.type('text/event-stream').header('cache-control', 'no-store')
  return reply.send(Readable.from(written(events), { objectMode: false, highWaterMark: 65_536 }))
}

async function* written(events: AsyncIterable<ServerSentEvent>): AsyncGenerator<string> {
  // Something at once, so that the client sees the answer begin.
  yield ':\n\n'
  try {
    for await (const { event, data } of events) yield `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
  } catch (error) {
    yield `event: problem\ndata: ${JSON.stringify(problemOf(error))}\n\n`
  }
}
