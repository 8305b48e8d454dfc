import type { EventKind, EventLog, Name, StoredEvent } from '@hearth/model'
import type { EventGap, EventResource } from '@hearth/protocol'
import type { ServerSentEvent } from '../sse.ts'
import { timeView } from '../views/time-view.ts'
import { EventNews } from './event-news.ts'

/** How many events are read at once. */
const batch = 500
/** The log is looked at this often even when nobody tells of news. */
const lookEveryMs = 10_000

export interface Followed {
  /** What happened behind this event; absent: what comes from now on. */
  readonly after?: number | undefined
  /** Only those of these namespaces, and those of none. */
  readonly namespaces?: readonly Name[] | undefined
  readonly kinds?: readonly EventKind[] | undefined
}

/**
 * Events as they are recorded, each with its number, until `signal` is aborted. They come out of the log itself, so that nothing is
 * missing, however slow the listener, and also when the server was restarted meanwhile. `ready` comes once all that had happened is told.
 */
export async function* followEvents(log: EventLog, followed: Followed, signal: AbortSignal): AsyncGenerator<ServerSentEvent> {
  const { namespaces, kinds } = followed
  const query = { limit: batch, ...(namespaces && { namespaces }) }
  const news = new EventNews(log)
  try {
    let { seen, gap } = await beginning(log, followed.after)
    if (gap) yield { event: 'gap', data: gap }
    let hasToldAll = false
    while (!signal.aborted) {
      news.look()
      const found = await log.after(seen, query)
      for (const event of found) {
        seen = event.seq
        if (kinds === undefined || kinds.includes(event.kind)) yield { id: event.seq, event: event.kind, data: eventView(event) }
      }
      if (found.length > 0) continue
      // Where "now" is: whoever loses the connection before the first event goes on from here.
      if (!hasToldAll) yield { id: seen, event: 'ready', data: {} }
      hasToldAll = true
      await news.next(lookEveryMs, signal)
    }
  } finally {
    news.close()
  }
}

/** From where on to read, and what is missing before. */
async function beginning(log: EventLog, after: number | undefined): Promise<{ seen: number; gap?: EventGap }> {
  const latest = await log.latest()
  if (after === undefined) return { seen: latest }
  // The log was begun anew, or taken from a backup.
  if (after > latest) return { seen: latest, gap: { after, oldest: latest } }
  const oldest = await log.oldest()
  if (after === 0 || after >= oldest - 1) return { seen: after }
  return { seen: oldest - 1, gap: { after, oldest } }
}

function eventView(event: StoredEvent): EventResource {
  const { seq, kind, id, namespace, state, removed, at, data } = event
  return { seq, kind, id, ...(namespace !== undefined && { namespace }), state, removed, at: timeView(at), data: { ...data } }
}
