import type { EngineEvent } from '@hearth/engine'
import type { EventResource } from '@hearth/protocol'
import { AsyncQueue } from '../async-queue.ts'
import type { App, RouteParts } from '../http-parts.ts'
import { eventStream, type ServerSentEvent } from '../sse.ts'
import { timeView } from '../views/time-view.ts'

/** Events that may wait for one slow client before it is cut off. */
const backlog = 1000

/** What changes state, as it happens. */
export function eventRoutes(app: App, { engine, open }: RouteParts): void {
  app.get(
    '/v1/events',
    {
      schema: {
        operationId: 'watchEvents',
        tags: ['events'],
        summary: 'Changes of state, as server-sent events; after "overflow" some are missing: list anew',
      },
    },
    async (_request, reply) => eventStream(reply, changes(engine.events, open.signalOf(reply))),
  )
}

async function* changes(events: RouteParts['engine']['events'], signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const queue = new AsyncQueue<EngineEvent>(backlog)
  let overflowed = false
  const unsubscribe = events.subscribe((event) => {
    if (queue.push(event)) return
    overflowed = true
    queue.end()
  })
  signal.addEventListener('abort', () => queue.end(), { once: true })
  try {
    for await (const event of queue) yield { event: event.kind, data: eventView(event) }
    if (overflowed) yield { event: 'overflow', data: {} }
  } finally {
    unsubscribe()
  }
}

function eventView(event: EngineEvent): EventResource {
  const id = event.kind === 'template' ? event.row.ref : event.row.id
  return { seq: 0, kind: event.kind, id, state: event.row.state, removed: event.removed, at: timeView(event.at), data: {} }
}
