import type { ByteStream } from './bytes.ts'
import { HearthApiError, HearthConnectionError } from './errors.ts'
import { readLines } from './lines.ts'
import type { Problem } from './resources.ts'

/** One event of a text/event-stream. */
export interface ServerSentEvent {
  readonly event: string
  /** Absent: the server only said where in its story it is. */
  readonly data?: string
  /** The last one that was said. */
  readonly id?: string
}

/** What the server tells of, one by one. @throws HearthApiError when it says that it cannot go on */
export async function* readEvents<T>(stream: ByteStream): AsyncGenerator<T, void, undefined> {
  for await (const { event, data } of parseEvents(stream)) {
    if (event === 'problem') throw new HearthApiError(JSON.parse(data ?? '') as Problem)
    if (event === 'overflow') throw new HearthConnectionError('some events were missed; list anew what you need')
    // Says that a watch has begun; nothing has changed yet.
    if (event === 'ready' || data === undefined) continue
    yield JSON.parse(data) as T
  }
}

/** The events of a text/event-stream (WHATWG HTML, section "Server-sent events"); one that ends half is dropped. */
export async function* parseEvents(stream: ByteStream): AsyncGenerator<ServerSentEvent, void, undefined> {
  let event = 'message'
  let data: string[] = []
  let id: string | undefined
  for await (const line of readLines(stream)) {
    if (line === '') {
      const at = id === undefined ? {} : { id }
      if (data.length > 0) yield { event, data: data.join('\n'), ...at }
      else if (id !== undefined) yield { event, ...at }
      event = 'message'
      data = []
      continue
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
    if (field === 'id' && !value.includes('\0')) id = value
  }
}
