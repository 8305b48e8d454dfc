import { HearthApiError, HearthConnectionError } from './errors.ts'
import { IdleWatch } from './idle-watch.ts'
import type { Cancellable } from './options.ts'
import type { EventGap, HearthEvent, Problem } from './resources.ts'
import { pauseBeforeRetry } from './retry.ts'
import { parseEvents } from './server-sent-events.ts'
import type { Transport } from './transport.ts'

/**
 * Which events are wanted, and from where on.
 *
 * ```ts
 * const options: EventOptions = { after: 0, kind: ['machine'] }
 * for await (const event of hearth.events(options)) {
 *   console.log(event.seq, event.id, event.state)
 *   break
 * }
 * ```
 */
export interface EventOptions extends Cancellable {
  /** The `seq` behind which to begin; 0: all that is kept; absent: what comes from now on. */
  readonly after?: number | undefined
  /** `now`: the loop ends when all that had happened is told. Without it, it goes on. */
  readonly until?: 'now' | undefined
  readonly kind?: readonly HearthEvent['kind'][] | undefined
  /** Called when the connection was lost and another is about to be tried; the stream then goes on where it was. */
  readonly onReconnect?: ((lost: { readonly cause: unknown; readonly attempt: number }) => void) | undefined
  /** Called when events are not kept any more; without it the loop ends with an error. List anew what you need. */
  readonly onGap?: ((gap: EventGap) => void) | undefined
}

/** The server says something at least every 15 seconds. */
const silenceMs = 60_000
/** Tries that may fail in a row before the reason is thrown: about ten minutes. */
const maxRetries = 40

/**
 * Every event from the one wanted on, until the loop is left. A connection that breaks is made again, behind the last event.
 * @throws HearthApiError when the server refuses; HearthConnectionError when it stays away for minutes, or events are missing
 */
export async function* followEvents(
  transport: Transport,
  path: string,
  options: EventOptions & { readonly namespace?: readonly string[] | undefined },
): AsyncGenerator<HearthEvent, void, undefined> {
  const { after, until, kind, namespace, signal, onReconnect, onGap } = options
  let seen = after === undefined ? undefined : String(after)
  for (let attempt = 0; ; ) {
    try {
      const headers = { accept: 'text/event-stream', ...(seen === undefined ? {} : { 'last-event-id': seen }) }
      const watch = new IdleWatch(silenceMs, signal)
      const request = { query: { kind, namespace }, headers, signal: watch.signal, oneTry: true }
      const stream = await transport.stream('GET', path, request)
      for await (const { event, data, id } of parseEvents(watch.over(stream))) {
        attempt = 0
        seen = id ?? seen
        if (event === 'ready' && until === 'now') return
        if (event === 'problem') throw new HearthApiError(JSON.parse(data ?? '') as Problem)
        if (event === 'gap') missed(JSON.parse(data ?? '') as EventGap, onGap)
        else if (data !== undefined && event !== 'ready') yield JSON.parse(data) as HearthEvent
      }
      throw new HearthConnectionError('the server ended the events', { mayPass: true })
    } catch (cause) {
      signal?.throwIfAborted()
      attempt += 1
      const policy = { ...transport.retries, maxRetries }
      const pauseMs = pauseBeforeRetry(broken(cause), attempt, policy, transport.clock.random())
      if (pauseMs === undefined) throw cause
      onReconnect?.({ cause, attempt })
      await transport.clock.sleep(pauseMs, signal)
    }
  }
}

function missed(gap: EventGap, onGap: EventOptions['onGap']): void {
  if (!onGap) {
    throw new HearthConnectionError(
      `the events behind ${gap.after} are not kept any more; list anew, then begin at ${gap.oldest}`,
    )
  }
  onGap(gap)
}

/** What a platform throws when a stream breaks, as an error of ours. */
function broken(cause: unknown): unknown {
  if (cause instanceof HearthApiError || cause instanceof HearthConnectionError) return cause
  return new HearthConnectionError('the connection broke', { cause, mayPass: true })
}
